"""When a request is tried again: full-jitter exponential backoff, the source's Retry-After, and the run's deadline.

The waiting is tenacity's `wait_random_exponential`: uniform between 0 and min(30 s, 100 ms x 2^n), the "full jitter"
that spreads clients best. What must not be tried again is decided by `SourceError.passing`.
"""

from collections.abc import Callable

from tenacity import (
    AsyncRetrying,
    RetryCallState,
    retry_if_exception,
    stop_after_attempt,
    stop_any,
    wait_random_exponential,
)
from tenacity.stop import stop_base

from quantscout.errors import SourceError
from quantscout.limits import Sleep

RETRIES = 5
FIRST_WAIT_S = 0.1
LONGEST_WAIT_S = 30.0

_jitter = wait_random_exponential(multiplier=FIRST_WAIT_S, max=LONGEST_WAIT_S)


def _error_of(state: RetryCallState) -> BaseException | None:
    return state.outcome.exception() if state.outcome else None


def _wait_s(state: RetryCallState) -> float:
    """Return the jittered backoff, or what the source asked for where that is longer."""
    error = _error_of(state)
    asked_s = error.retry_after_s if isinstance(error, SourceError) else None
    return max(_jitter(state), asked_s or 0.0)


def _is_passing(error: BaseException) -> bool:
    return isinstance(error, SourceError) and error.passing


class _StopAtDeadline(stop_base):
    """Stops where the next attempt would begin after the deadline."""

    def __init__(self, remaining_s: Callable[[], float]) -> None:
        self._remaining_s = remaining_s

    def __call__(self, retry_state: RetryCallState) -> bool:
        return retry_state.upcoming_sleep >= self._remaining_s()


def build_retrying(sleep: Sleep, remaining_s: Callable[[], float]) -> AsyncRetrying:
    """Return the retry of one request: at most 5 more attempts, none that would begin after the deadline."""
    stop = stop_any(stop_after_attempt(RETRIES + 1), _StopAtDeadline(remaining_s))
    return AsyncRetrying(stop=stop, wait=_wait_s, retry=retry_if_exception(_is_passing), sleep=sleep, reraise=True)
