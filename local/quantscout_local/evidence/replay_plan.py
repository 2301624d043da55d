"""What a replay is to do: the hours, by month, and a fingerprint of everything that its result depends on."""

import hashlib
import json
from datetime import UTC, datetime
from pathlib import Path
from typing import NamedTuple

from quantscout import METHOD_VERSION
from quantscout.clock import iso, parse_hour, to_ms
from quantscout.errors import InputError
from quantscout.frames import HOUR_MS
from quantscout.gates import MIN_HISTORY_H
from quantscout.outcomes import Costs
from quantscout.report import config_hash
from quantscout.settings import Settings
from quantscout_local.evidence.columns_board import Span
from quantscout_local.evidence.judged import FORMAT
from quantscout_local.evidence.replay_contracts import Contracts
from quantscout_local.evidence.replay_files import hash_inputs

DAY_CHARS, DAY_H = len("2025-10-18"), 24


def parse_time(text: str | None, *, end: bool = False) -> int | None:
    """Return the hour that a text names: of a day the first, or the last (InputError where it is neither)."""
    if text is None:
        return None
    try:
        if len(text) != DAY_CHARS:
            return to_ms(parse_hour(text))
        day = datetime.fromisoformat(text).replace(tzinfo=UTC)
    except (InputError, ValueError) as cause:
        option = "--to" if end else "--from"
        forms = "write a day such as 2025-10-18, or an hour such as 2025-10-18T12:00Z"
        raise InputError(f"{option} '{text}' is no day and no full UTC hour; {forms}") from cause
    return to_ms(day) + (DAY_H - 1) * HOUR_MS * end


class Ask(NamedTuple):
    """What a person asked for; without a first or a last hour, all that the archive's 1h bars cover."""

    market: Path
    first_ms: int | None
    last_ms: int | None
    settings: Settings
    costs: Costs = Costs()


class Plan(NamedTuple):
    """The evaluable hours of the range by month (2025-10), and how many of the range are not evaluable."""

    span: Span
    months: dict[str, list[int]]
    not_evaluable: int
    fingerprint: str

    @property
    def hours(self) -> list[int]:
        """All hours, ascending."""
        return [hour for hours in self.months.values() for hour in hours]


def build_plan(ask: Ask, contracts: Contracts) -> Plan:
    """Return the plan (InputError for a range that is empty, inverted, not of full hours, or outside of the archive).

    An hour is evaluable when bars close at it and 60 h before.
    """
    known = set(contracts.covered.to_list())
    evaluable = [hour for hour in contracts.covered.to_list() if hour - MIN_HISTORY_H * HOUR_MS in known]
    evaluable = [hour for hour in evaluable if hour % HOUR_MS == 0]
    if not evaluable:
        raise InputError(f"{ask.market} holds less than {MIN_HISTORY_H + 1} h of bars: choose another with --market")
    usual = max(evaluable[0], contracts.main_first_ms + (MIN_HISTORY_H + 1) * HOUR_MS)
    span = Span(usual if ask.first_ms is None else ask.first_ms, evaluable[-1] if ask.last_ms is None else ask.last_ms)
    _refuse(ask, span, evaluable)
    hours = [hour for hour in evaluable if span.first_ms <= hour <= span.last_ms]
    months: dict[str, list[int]] = {}
    for hour in hours:
        months.setdefault(f"{datetime.fromtimestamp(hour / 1000, UTC):%Y-%m}", []).append(hour)
    return Plan(Span(hours[0], hours[-1]), months, span.hours - len(hours), fingerprint(ask, hours))


def _refuse(ask: Ask, span: Span, evaluable: list[int]) -> None:
    for name, at_ms in (("--from", span.first_ms), ("--to", span.last_ms)):
        if at_ms % HOUR_MS:
            raise InputError(f"{name} {at_ms} is no full hour: give a day (2025-10-18) or a full UTC hour")
    covered = f"{ask.market} can be replayed from {iso(evaluable[0])} to {iso(evaluable[-1])}"
    if span.first_ms > span.last_ms:
        raise InputError(f"the range is empty: {_why_empty(ask, span)} ({covered})")
    if not any(span.first_ms <= hour <= span.last_ms for hour in evaluable):
        said = f"no hour from {iso(span.first_ms)} to {iso(span.last_ms)} can be replayed"
        raise InputError(f"{said}: {covered}; choose --from and --to within")


def _why_empty(ask: Ask, span: Span) -> str:
    """Return which end is wrong, and what to do: an end that nobody gave is the archive's."""
    begins, ends = iso(span.first_ms), iso(span.last_ms)
    if ask.first_ms is None:
        return f"--to is {ends}, and without --from it begins at {begins}; give a --from as well, or a later --to"
    if ask.last_ms is None:
        return f"--from is {begins}, and the archive ends at {ends}; give an earlier --from"
    return f"it begins at {begins} and ends at {ends}; turn --from and --to round"


def fingerprint(ask: Ask, hours: list[int]) -> str:
    """Return 16 hex digits over inputs, settings, method, costs and range: equal ones have equal results."""
    parts = [
        FORMAT, METHOD_VERSION, config_hash(ask.settings), hash_inputs(ask.market), hours[0], hours[-1], len(hours),
        ask.costs.taker_fee_ratio, ask.costs.slippage_ratio,
    ]  # fmt: skip
    return hashlib.sha256(json.dumps(parts).encode()).hexdigest()[:16]
