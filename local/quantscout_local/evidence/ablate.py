"""What each part of the score is worth: every hour ranked again without it, against the same hours with it."""

from collections.abc import Iterator
from typing import Literal, NamedTuple

import numpy as np
from pydantic import BaseModel, ConfigDict

from quantscout.clock import iso
from quantscout.errors import InputError
from quantscout.factors import NAMES
from quantscout.settings import Settings
from quantscout_local.evidence.kpis_models import Kpi
from quantscout_local.evidence.rescore import Sheet
from quantscout_local.evidence.rescore_rank import Rule, build_rule
from quantscout_local.evidence.rescore_tally import UNITS, Tally, tally_rule
from quantscout_local.evidence.stats_bootstrap import Resamples
from quantscout_local.evidence.trials import (
    Difference,
    build_figures,
    compare_tallies,
    correct,
    rate_superiority,
)
from quantscout_local.sensitivity_changes import scale_weights

Kind = Literal["factor", "part", "gate"]
NO_DATA = "no data of it in this replay"
FROZEN = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False)


class Without(NamedTuple):
    """A part that is left out, and what the picks were worth then; `note` says why it could not be, or how."""

    kind: Kind
    name: str
    tally: Tally | None
    note: str = ""


class Drawn(NamedTuple):
    """The hours drawn again, and how."""

    resamples: Resamples
    seed: int
    blocks_h: int


class Row(BaseModel):
    """One part left out: the figures without it, and their differences to those with it."""

    model_config = FROZEN

    kind: Kind
    name: str
    figures: tuple[Kpi, ...]
    differences: tuple[Difference, ...]
    note: str


class Ablation(BaseModel):
    """The whole table, and how many comparisons it makes."""

    model_config = FROZEN

    first_hour: str
    last_hour: str
    hours: int
    seed: int
    samples: int
    blocks_h: int
    comparisons: int
    superiority_p: float | None
    """That leaving out none of them raises the mean net return (Hansen's test); null where nothing differs."""
    baseline: tuple[Kpi, ...]
    rows: tuple[Row, ...]
    not_left_out: dict[str, str]
    """What could not be left out, and why."""
    sentences: tuple[str, ...]


def leave_out_parts(sheet: Sheet, settings: Settings) -> Iterator[Without]:
    """Yield the picks' worth without each factor, the funding penalty, the boost, the regime's multipliers.

    Which contracts have data enough to be ranked stays as it is: only the order among them is asked about.
    """
    rule = build_rule(settings)
    for place, name in enumerate(NAMES):
        if np.isnan(sheet.norms[place]).all():
            yield Without("factor", name, None, NO_DATA)
        elif 1 - settings.weights[name] < 1e-9:
            yield Without("factor", name, None, "it is the whole score")
        else:
            others = build_rule(scale_weights(settings, {name: 0.0}))
            yield Without("factor", name, tally_rule(sheet, others._replace(cover=rule.weights)))
    for name, changed in (("funding penalty", rule._replace(penalty=False)), ("boost", rule._replace(boost=False))):
        there = sheet.penalty if name == "funding penalty" else sheet.boost
        known = bool(there.any())
        yield Without("part", name, tally_rule(sheet, changed) if known else None, "" if known else "0 in every row")
    yield Without("part", "regime multipliers", tally_rule(sheet, _without_multipliers(rule, settings)))


def _without_multipliers(rule: Rule, settings: Settings) -> Rule:
    plain = [settings.weights[name] for name in NAMES]
    return rule._replace(weights=np.tile(np.array(plain) / sum(plain), (rule.weights.shape[0], 1)))


def build_ablation(sheet: Sheet, baseline: Tally, left_out: list[Without], drawn: Drawn) -> Ablation:
    """Return the table: paired differences, p-values corrected for all of them, and what they say in words.

    Raises InputError where the baseline has no evaluated pick.
    """
    if not baseline.picks:
        raise InputError("no pick of the replay has an outcome: there is nothing to compare; replay more hours")
    resamples, seed, blocks_h = drawn
    left_out = [_name_idle(each, baseline) for each in left_out]
    done = [each for each in left_out if each.tally is not None]
    tallies = [each.tally for each in done if each.tally is not None]
    compared = correct([compare_tallies(tally, baseline, resamples) for tally in tallies])
    rows = tuple(
        Row(kind=each.kind, name=each.name, figures=found.figures, differences=found.differences, note=each.note)
        for each, found in zip(done, compared, strict=True)
    )
    samples = resamples.places.shape[0] - 1
    superiority = rate_superiority([tally.returns for tally in tallies], baseline.returns, seed, blocks_h, samples)
    return Ablation(
        first_hour=iso(int(sheet.hours_ms[0])),
        last_hour=iso(int(sheet.hours_ms[-1])),
        hours=sheet.hours_ms.size,
        seed=seed,
        samples=samples,
        blocks_h=blocks_h,
        comparisons=len(rows) * len(UNITS),
        superiority_p=superiority,
        baseline=build_figures(baseline, resamples),
        rows=rows,
        not_left_out={each.name: each.note for each in left_out if each.tally is None},
        sentences=tuple(say_ablation(rows, superiority)),
    )


def _name_idle(each: Without, baseline: Tally) -> Without:
    """Return a part that changes no pick as one that was not left out: there is nothing to compare."""
    if each.tally is None or (each.tally.sums != baseline.sums).any() or each.tally.lost != baseline.lost:
        return each
    return each._replace(tally=None, note="without it the picks of these hours are worth the same")


def say_ablation(rows: tuple[Row, ...], superiority: float | None) -> list[str]:
    """Return in plain words what stands after the correction, and what does not."""
    count = len(rows) * len(UNITS)
    clear = [(row, each) for row in rows for each in row.differences if each.is_clear]
    chance = sum(each.p is not None and each.p <= 0.05 for row in rows for each in row.differences)
    said = [
        (
            f"{count} comparisons; without any effect about {0.05 * count:.0f} of them would look clear by chance, "
            f"{chance} do, and {len(clear)} stand after Holm's correction."
        )
    ]
    said += [_say_clear(row, each) for row, each in clear]
    if not clear:
        said.append("What any single part is worth cannot be told from these hours.")
    if superiority is not None:
        found = "some of them do" if superiority <= 0.05 else "none that can be told"
        said.append(f"Does leaving a part out raise the mean net return? Hansen's test: {found} (p {superiority:.3f}).")
    return said


def _say_clear(row: Row, difference: Difference) -> str:
    value = difference.value or 0.0
    worse = "falls" if value < 0 else "rises"
    meaning = "it earns its place" if value < 0 else "the picks do better without it"
    return f"Without {row.name} {difference.name} {worse}: by this figure {meaning} in these hours."
