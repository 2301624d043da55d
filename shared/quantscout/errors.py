"""Everything that QuantScout raises on purpose.

QuantScoutError
├── InputError      a person's or the scheduler's input cannot be used (event, hour, setting, symbol, archive)
├── SourceError     a source could not be asked, or refused (blocked region, rate limit, outage)
├── AnswerError     a source answered with something that is not what its documentation promises
├── StateError      the DynamoDB table is missing, refuses, or holds a block that cannot be read
└── DeliveryError   a message cannot be delivered, or must not be (size, subject, encoding)

A SourceError or AnswerError about one contract becomes data (a `Problem` in the report); about a whole venue it
becomes that venue's entry in `sources`. Only a run that can publish nothing useful ends with an exception.
"""

from typing import TYPE_CHECKING, Literal, NamedTuple

if TYPE_CHECKING:
    from pydantic import ValidationError

SourceFault = Literal[
    "blocked_region", "refused", "rate_limited", "banned", "unavailable", "timeout", "deadline", "bad_request"
]
PASSING: frozenset[SourceFault] = frozenset({"rate_limited", "unavailable", "timeout"})
"""What may be gone at the next attempt. A blocked region, a refusal, a ban are not: asking again makes it worse."""

MESSAGE_CHARS = 200
"""As much as is kept of a source's own words."""
OVERLOAD_CODE = "429000"
"""KuCoin's own code, in a refusal of any status: the quota is used, or its servers are busy."""


class QuantScoutError(Exception):
    """Say what went wrong and, where a person can act, the next step."""


class InputError(QuantScoutError):
    """An input that cannot be used; the message names it and the next step."""


class StateError(QuantScoutError):
    """The state cannot be read or written; the message names the table and the cause."""


class DeliveryError(QuantScoutError):
    """A message was not accepted, or would be refused by the service."""


class SourceError(QuantScoutError):
    """A request that brought no answer; `fault` says of which kind, `retry_after_s` what the source asked for."""

    def __init__(
        self,
        source: str,
        fault: SourceFault,
        detail: str,
        contract: str | None = None,
        *,
        retry_after_s: float | None = None,
    ) -> None:
        super().__init__(f"{source}: {fault}: {detail}" + (f" ({contract})" if contract else ""))
        self.source, self.fault, self.detail, self.contract = source, fault, detail, contract
        self.retry_after_s = retry_after_s

    @property
    def passing(self) -> bool:
        """Tell whether the same request may succeed a little later."""
        return self.fault in PASSING


class AnswerError(QuantScoutError):
    """An answer that fails validation; `field` is the path of the first offending value."""

    def __init__(self, source: str, field: str, detail: str, contract: str | None = None) -> None:
        super().__init__(f"{source}: unexpected answer at {field}: {detail}" + (f" ({contract})" if contract else ""))
        self.source, self.field, self.detail, self.contract = source, field, detail, contract


class Problem(NamedTuple):
    """One thing that failed, kept as data: named (source, contract, reason) and counted in the report."""

    source: str
    contract: str | None
    reason: str
    detail: str = ""


def problem_of(error: SourceError | AnswerError, contract: str | None = None) -> Problem:
    """Turn an error about one request into the row that the report counts."""
    reason = error.fault if isinstance(error, SourceError) else "invalid_answer"
    return Problem(error.source, contract or error.contract, reason, str(error))


def first_fault(cause: "ValidationError", whole: str = "the whole") -> str:
    """Return `field: reason` of the first thing that a model refused; `whole` where it is no single field's fault."""
    first = cause.errors()[0]
    return f"{'.'.join(str(part) for part in first['loc']) or whole}: {first['msg']}"
