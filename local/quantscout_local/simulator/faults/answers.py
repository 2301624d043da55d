"""Faults inside an answer: it is read, changed and written again; what is no data is left as it is."""

from collections.abc import Callable
from typing import Any

import orjson

from quantscout_local.simulator.faults import bars, corruption, frozen, intervals, naming, stamps
from quantscout_local.simulator.faults.register import Strike
from quantscout_local.simulator.wire import JSON, Whole

Change = Callable[[Strike, Any], bool]
"""Changes a value in place and says whether it did."""

CHANGES: dict[str, Change] = {
    "frozen_delisted": frozen.frozen,
    "changed_interval": intervals.changed_interval,
    "late_bar": bars.late_bar,
    "missing_bar": bars.missing_bar,
    "sparse_bars": bars.sparse_bars,
    "misaligned_interest": stamps.misaligned_interest,
    "clock_off": stamps.clock_off,
    "renamed_contract": naming.renamed_answer,
    "duplicated_rows": corruption.duplicated_rows,
    "unordered_rows": corruption.unordered_rows,
    "negative_prices": corruption.negative_prices,
    "wrong_types": corruption.wrong_types,
    "empty": corruption.empty,
}
"""In the order in which they are made: first what the market is, then what becomes of the message."""
_ORDER = {kind: place for place, kind in enumerate(CHANGES)}
_OK = 200


def mangled(strikes: list[Strike], found: Whole) -> Whole:
    """Return the answer with the faults in it; log those that changed something."""
    changing = sorted((s for s in strikes if s.rule.kind in CHANGES), key=lambda s: _ORDER[s.rule.kind])
    if found.status != _OK or found.media_type != JSON or not changing:
        return found
    value = orjson.loads(found.body)
    changed = False
    for strike in changing:
        if CHANGES[strike.rule.kind](strike, value):
            strike.note()
            changed = True
    return found._replace(body=orjson.dumps(value)) if changed else found
