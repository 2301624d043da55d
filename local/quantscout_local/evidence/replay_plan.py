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
    if len(text) != DAY_CHARS:
        return to_ms(parse_hour(text))
    try:
        day = datetime.fromisoformat(text).replace(tzinfo=UTC)
    except ValueError as cause:
        raise InputError(f"'{text}' is no day; write one such as 2025-10-18, or a full UTC hour") from cause
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
    span = Span(usual if ask.first_ms is None else ask.first_ms, ask.last_ms or evaluable[-1])
    _refuse(span, ask.market, evaluable)
    hours = [hour for hour in evaluable if span.first_ms <= hour <= span.last_ms]
    months: dict[str, list[int]] = {}
    for hour in hours:
        months.setdefault(f"{datetime.fromtimestamp(hour / 1000, UTC):%Y-%m}", []).append(hour)
    return Plan(Span(hours[0], hours[-1]), months, span.hours - len(hours), fingerprint(ask, hours))


def _refuse(span: Span, market: Path, evaluable: list[int]) -> None:
    for name, at_ms in (("--from", span.first_ms), ("--to", span.last_ms)):
        if at_ms % HOUR_MS:
            raise InputError(f"{name} {at_ms} is no full hour: give a day (2025-10-18) or a full UTC hour")
    covered = f"{market} can be replayed from {iso(evaluable[0])} to {iso(evaluable[-1])}"
    if span.first_ms > span.last_ms:
        said = f"the range is empty: it begins at {iso(span.first_ms)} and ends at {iso(span.last_ms)}"
        raise InputError(f"{said}; turn --from and --to round ({covered})")
    if not any(span.first_ms <= hour <= span.last_ms for hour in evaluable):
        said = f"no hour from {iso(span.first_ms)} to {iso(span.last_ms)} can be replayed"
        raise InputError(f"{said}: {covered}; choose --from and --to within")


def fingerprint(ask: Ask, hours: list[int]) -> str:
    """Return 16 hex digits over inputs, settings, method, costs and range: equal ones have equal results."""
    parts = [
        FORMAT, METHOD_VERSION, config_hash(ask.settings), hash_inputs(ask.market), hours[0], hours[-1], len(hours),
        ask.costs.taker_fee_ratio, ask.costs.slippage_ratio,
    ]  # fmt: skip
    return hashlib.sha256(json.dumps(parts).encode()).hexdigest()[:16]
