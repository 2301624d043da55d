"""The line that sums an invocation up: its fields, and what of an answer and of a source stands in it.

It is bounded: five picks, five reasons per source, short notes; no contract but the picks, no payload.
"""

from typing import Any, TypedDict

from quantscout.models import SourceState

Answer = dict[str, Any]
NOTE_CHARS = 120
MOST_REASONS = 5
STATE_TOTALS = ("read_units", "write_units", "items", "max_item_bytes", "load_s")
FUNNEL = ("listed", "eligible", "with_data", "scored_set", "passed", "ranked")


class SourceLine(TypedDict, total=False):
    """What the line says of a source: how it did (where this run made the report), and what it was asked."""

    ok: bool
    contracts: int
    late: int
    age_s: int | None
    errors: dict[str, int]
    note: str
    requests: int
    retried: dict[str, int]
    breaker: str
    until: str


class RunLine(TypedDict, total=False):
    """The line's own fields, beside those that Powertools adds: of an hour, of a backfill, of a failure, of all.

    docs/observability.md says what each means, and a test compares the names.
    """

    hour: str
    run_id: str
    status: str
    gate_level: str | None
    regime: str
    picks: list[str]
    delivery: str
    is_new: bool
    message_id: str | None
    alert: str
    attempt: int
    resumed_from: str | None
    stage_ms: dict[str, int]
    tape: str | None
    tape_problem: str
    funnel: dict[str, int]

    complete: bool
    venues: list[dict[str, Any]]

    error: str
    error_type: str

    sources: dict[str, SourceLine]
    state: dict[str, float]
    took_ms: int
    remaining_ms: int
    peak_mb: int


def line_of(answer: Answer) -> Answer:
    """Return the answer as the line has it: of the state's cost the totals."""
    return answer | {"state": {name: answer["state"][name] for name in STATE_TOTALS}}


def line_of_source(state: SourceState | None) -> SourceLine:
    """Return how a source did; nothing where this run made no report."""
    if state is None:
        return {}
    counts = sorted(((error.reason, error.count) for error in state.errors), key=lambda pair: (-pair[1], pair[0]))
    errors = dict(counts[:MOST_REASONS])
    if rest := sum(count for _, count in counts[MOST_REASONS:]):
        errors["others"] = rest
    return {
        "ok": state.ok,
        "contracts": state.contracts,
        "late": state.late,
        "age_s": state.data_age_s,
        "errors": errors,
        "note": state.note[:NOTE_CHARS],
    }
