"""One venue's part of an hour: is it there, what does it list, its bars, and the calls per contract (SPEC 1 and 3)."""

from dataclasses import dataclass, field

import polars as pl

from quantscout.clock import from_ms, is_snapshot_of, iso
from quantscout.errors import AnswerError, Problem, SourceError, problem_of
from quantscout.frames import BARS, DAY_MS, HOUR_MS, LISTING, MINUTE_MS, empty, stack
from quantscout.holes import Gap, find_gaps
from quantscout.run import Run
from quantscout.store import BAR_BLOCKS
from quantscout.sweep import sweep
from quantscout.venues.base import Contract, Venue
from quantscout.verify import late_contracts, verify_bars

FIRST_BARS_H = 98
"""What a contract without state is asked for at first: one request of the cheapest class, and enough for every gate.

As far back the hourly run heals; what is older is the backfill's."""
POLL_EVERY_S = 10.0
NOT_AGAIN = tuple(f"bars_{fault}" for fault in ("banned", "blocked_region", "refused", "deadline"))
"""Failures that waiting does not cure: a contract that ends so is not asked for again in this hour."""
SNAPSHOT_COLUMNS = ("bid", "ask", "funding_rate_ratio", "open_interest_coins", "min_notional_usdt")
"""What a listing knows of this moment only (the smallest order is worth its price)."""


@dataclass
class VenueHour:
    """What a venue brought for one hour. `failed` says why it is out, empty while it stands."""

    venue: Venue
    failed: str = ""
    notes: list[str] = field(default_factory=list)
    problems: list[Problem] = field(default_factory=list)
    listing: pl.DataFrame = field(default_factory=lambda: empty(LISTING))
    bars: pl.DataFrame = field(default_factory=lambda: empty(BARS))
    newest_ms: int | None = None
    late: list[str] = field(default_factory=list)

    @property
    def name(self) -> str:
        """The venue's name, as in every frame."""
        return self.venue.name


async def open_venue(venue: Venue, run: Run) -> VenueHour:
    """Return the venue with its clock compared and its listing read; an outage is kept as `failed`, not raised."""
    hour = VenueHour(venue)
    try:
        before = run.now_ms()
        server_ms = await venue.fetch_server_time_ms()
        drift_s = (server_ms - (before + run.now_ms()) / 2) / 1000
        if abs(drift_s) > run.settings.clock_drift_fail_s:
            hour.failed = f"clock_drift: the venue's clock is {drift_s:+.1f} s from ours"
            return hour
        if abs(drift_s) > run.settings.clock_drift_report_s:
            hour.notes.append(f"the venue's clock is {drift_s:+.1f} s from ours; corrected")
        run.sources.follow_clock(venue.name, drift_s)
        await run.wait_until_final(from_ms(server_ms))
        listed_at_ms = run.now_ms() + round(1000 * drift_s)
        listing = await venue.fetch_listing()
    except (SourceError, AnswerError) as error:
        problem = problem_of(error)
        hour.failed = str(error).removeprefix(f"{hour.name}: ")
        hour.problems.append(problem)
        return hour
    hour.listing, hour.problems = (
        _of_this_hour(listing.frame, listed_at_ms, run, hour),
        [*hour.problems, *listing.problems],
    )
    return hour


def _of_this_hour(listing: pl.DataFrame, at_ms: int, run: Run, hour: VenueHour) -> pl.DataFrame:
    """Blank the snapshot where it was taken in another hour: it would look ahead."""
    if is_snapshot_of(run.hour_ms, at_ms):
        return listing
    hour.notes.append(f"spread, funding and open interest of {iso(at_ms)} are not of this hour and were left out")
    return listing.with_columns(pl.lit(None, pl.Float64).alias(name) for name in SNAPSHOT_COLUMNS)


async def gather_bars(hour: VenueHour, run: Run) -> None:
    """Bring the hour's bars: the state's 30 days, and from the venue only what is new. New rows enter the state."""
    eligible = hour.listing.filter(pl.col("ineligible").is_null())["contract"].to_list()
    if hour.failed or not eligible:
        return
    leaving = hour.listing.filter(ineligible="delisting")["contract"].to_list()
    first_ms = run.hour_ms - (run.settings.history_h + 1) * HOUR_MS
    inside = pl.col("open_ms").is_between(first_ms, run.hour_ms - HOUR_MS)
    wanted = inside & pl.col("contract").is_in(eligible + leaving)
    async with run.loading:
        held = await run.in_thread(run.store.load_bars, hour.name, first_ms, run.hour_ms, wanted)
    recent_ms = run.hour_ms - FIRST_BARS_H * HOUR_MS
    # Who was picked before its delisting was announced still has an outcome: those are the days on which prices fall.
    followed = pl.col("ineligible").is_null() | pl.col("contract").is_in(held["contract"].unique().to_list())
    gaps = find_gaps(hour.listing.filter(followed), held.filter(pl.col("open_ms") >= recent_ms), recent_ms, run.hour_ms)
    fresh = await _fetch_until_final(hour, gaps, run, set(eligible), known_taker=tells_taker(hour.venue, held))
    new = fresh.join(held, on=BAR_BLOCKS.unique, how="anti")
    await run.in_thread(run.store.save, BAR_BLOCKS, hour.name, [(run.hour_ms, new)])
    hour.bars = pl.concat([held, new]).filter(pl.col("contract").is_in(eligible))
    hour.newest_ms = hour.bars.select(pl.col("open_ms").max()).item()
    hour.late = late_contracts(hour.bars, eligible, run.hour_ms)


def tells_taker(venue: Venue, bars: pl.DataFrame) -> bool:
    """Tell whether a venue that offers the taker volume does so in these bars; old recordings of one have none."""
    return "taker" in venue.offers and bars["taker_buy_usdt"].null_count() < bars.height


async def _fetch_until_final(
    hour: VenueHour, gaps: list[Gap], run: Run, eligible: set[str], *, known_taker: bool
) -> pl.DataFrame:
    """Return verified bars; eligible contracts whose newest bar is missing are asked again until it is too late.

    One request closes all gaps of a contract that it reaches, at no other price than the newest bar alone.
    """
    deadline_ms = run.hour_ms + 1000 * run.settings.late_until_s
    since_ms, asked = {gap.contract.name: gap.since_ms for gap in gaps}, [gap.contract for gap in gaps]
    waiting = {gap.contract.name for gap in gaps if gap.until_ms == run.hour_ms} & eligible
    verified: list[pl.DataFrame] = []
    dropped: dict[Problem, None] = {}
    while asked:
        swept = await sweep(
            asked, lambda c: hour.venue.fetch_bars(c, HOUR_MS, since_ms[c.name], run.hour_ms), BARS, "bars"
        )
        known_taker = known_taker or tells_taker(hour.venue, swept.frame)
        checked = verify_bars(swept.frame, HOUR_MS, run.hour_ms, needs_taker=known_taker)
        verified.append(checked.bars)
        dropped |= dict.fromkeys(checked.problems)
        late = set(late_contracts(checked.bars, [c.name for c in asked], run.hour_ms)) & waiting
        final = {problem.contract: problem for problem in swept.problems if problem.reason in NOT_AGAIN}
        dropped |= dict.fromkeys(final.values())
        asked = [c for c in asked if c.name in late and c.name not in final]
        if run.now_ms() + 1000 * POLL_EVERY_S > deadline_ms or not asked:
            # Of the last round alone: a failure that was made good is none.
            hour.problems += [problem for problem in swept.problems if problem.reason not in NOT_AGAIN]
            break
        await run.sleep(POLL_EVERY_S)
    hour.problems += dropped
    return stack(verified, BARS).unique(BAR_BLOCKS.unique, keep="last", maintain_order=True)


async def fetch_bars_of(
    hour: VenueHour, contracts: list[Contract], interval_ms: int, count: int, run: Run
) -> pl.DataFrame:
    """Return the last `count` verified, closed bars of another interval for these contracts."""
    until_ms = run.hour_ms // interval_ms * interval_ms
    since_ms = until_ms - count * interval_ms
    name = {15 * MINUTE_MS: "bars_15m", DAY_MS: "bars_1d"}[interval_ms]
    swept = await sweep(contracts, lambda c: hour.venue.fetch_bars(c, interval_ms, since_ms, until_ms), BARS, name)
    checked = verify_bars(swept.frame, interval_ms, run.hour_ms, needs_volume=False)
    hour.problems += [*swept.problems, *checked.problems]
    return checked.bars
