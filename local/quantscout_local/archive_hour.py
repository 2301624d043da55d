"""A real archive's hours, decided in this process: the frames that the pipeline would hold, without any socket.

As `quantscout run --market DIR --at H --real-only`: recorded series alone. Listing and daily bars are the simulator's
own answers, read by the product's parsers; the other series are cut at the hour.
"""

from pathlib import Path
from typing import NamedTuple

import polars as pl

from quantscout.decide import LONG_SHORT, Decision, Details, Evidence, base_board, shortlist, with_evidence
from quantscout.decide import judge as judge_board
from quantscout.errors import InputError
from quantscout.frames import BOOK, DAY_MS, HOUR_MS, KEY, SUPPLY, empty
from quantscout.gates import MIN_HISTORY_H
from quantscout.identity import EVIDENCE
from quantscout.pipeline import LEADERS
from quantscout.regime import Regime, RegimeInputs, classify
from quantscout.settings import Settings, parse_settings
from quantscout.trend import SMA_DAYS, build_regime_inputs
from quantscout.universe import identify
from quantscout.venues.base import Contract
from quantscout.venues.binance_answers import Snapshot, parse_bars, parse_listing
from quantscout.venues.coingecko import COINS
from quantscout.verify import verify_bars
from quantscout.windows import build_windows
from quantscout_local.archive_hour_frames import (
    QUARTER_MS,
    bars_at,
    build_series,
    open_interest_at,
    quarters_at,
    settlements_at,
)
from quantscout_local.hour import REAL_ONLY_SETTINGS
from quantscout_local.simulator.archive import load_archive
from quantscout_local.simulator.market import Market
from quantscout_local.simulator.venues import binance_listing
from quantscout_local.simulator.venues.binance_bars import read_klines
from quantscout_local.simulator.view import View

NEVER_THERE = ("order books", "spreads", "market caps", "long/short ratios", "attention", "dominance")
"""What no archive holds."""


class ArchiveHour(NamedTuple):
    """Everything that the decision of an hour needs; nothing in it is later than the hour.

    `listing` is frames.LISTING, `bars` are verified frames.BARS of the eligible contracts, `evidence` is that of all
    contracts (a run asks for the shortlist's alone: `Archive.decide` keeps to that).
    """

    hour_ms: int
    listing: pl.DataFrame
    bars: pl.DataFrame
    evidence: Evidence
    regime: Regime


class Archive:
    """A folder of recorded series, opened and checked once."""

    def __init__(self, market: Market, history_h: int = 720) -> None:
        """Take a market with recorded series alone (InputError for another); `open_archive` reads a folder."""
        if market.synthetic or not market.real_only:
            raise InputError(f"{market.source} is not an archive of recorded series alone: load it with real_only")
        self.market, self.settings = market, parse_settings(REAL_ONLY_SETTINGS)
        self._series, self._history_h = build_series(market.binance.values()), history_h

    def hours(self) -> list[int]:
        """Return the hours, ascending, that have 60 h of recorded hours behind them. Not all can be ranked.

        `lacking` tells what an hour's series leave out.
        """
        covered = self.market.hours_ms
        known = set(covered.tolist())
        return [hour for hour in covered.tolist() if hour - MIN_HISTORY_H * HOUR_MS in known]

    def hour(self, hour_ms: int) -> ArchiveHour:
        """Return the frames of an hour (InputError where no bar closes then, with the range that is covered)."""
        view = View(self.market, hour_ms)
        listing = _listing(view)
        eligible = listing.filter(pl.col("ineligible").is_null())
        bars = bars_at(self._series, hour_ms, self._history_h).join(eligible.select(KEY), on=KEY, how="semi")
        details = Details(
            last_15m=quarters_at(self._series, hour_ms),
            open_interest=open_interest_at(self._series, hour_ms),
            funding=settlements_at(self._series, hour_ms),
            books=empty(BOOK),
            long_short=empty(LONG_SHORT),
        )
        return ArchiveHour(
            hour_ms, listing, bars, Evidence(details, empty(SUPPLY), None), _regime(view, eligible, bars)
        )

    @staticmethod
    def board(hour: ArchiveHour, settings: Settings) -> pl.DataFrame:
        """Return the board that `decide.judge` takes, with all values of gates and factors."""
        listing = identify(hour.listing, empty(COINS), empty(EVIDENCE), settings)
        board = base_board(listing, build_windows(hour.bars, hour.hour_ms, settings.history_h), hour.hour_ms)
        few = shortlist(board, settings).select(KEY)
        asked = (part.join(few, on=KEY, how="semi", maintain_order="left") for part in hour.evidence.details)
        evidence = hour.evidence._replace(details=Details(*asked))
        return with_evidence(board, evidence, hour.regime, hour.hour_ms, settings)

    @classmethod
    def decide(cls, hour: ArchiveHour, settings: Settings) -> Decision:
        """Return the decision, by the way that the pipeline takes."""
        return judge_board(cls.board(hour, settings), hour.regime, settings)


def open_archive(folder: Path, history_h: int = 720) -> Archive:
    """Return the archive of a folder.

    Raises InputError if a series is absent, unreadable or lacks a column: it names the file, the cause, the next step.
    """
    return Archive(load_archive(folder, real_only=True), history_h)


def lacking(hour: ArchiveHour) -> list[str]:
    """Return in words what the archive does not hold for the hour, always-missing things last."""
    details, now = hour.evidence.details, hour.hour_ms
    stamps = set(details.open_interest["at_ms"].to_list())
    taker = hour.bars.filter((pl.col("open_ms") == now - HOUR_MS) & pl.col("taker_buy_usdt").is_not_null())
    absent = {
        "funding": not details.funding.height,
        "open interest at the hour and 4 h before": not {now, now - 4 * HOUR_MS} <= stamps,
        "15m bars": not details.last_15m.filter(pl.col("open_ms") == now - QUARTER_MS).height,
        "taker split": not taker.height,
    }
    return [name for name, is_absent in absent.items() if is_absent] + list(NEVER_THERE)


def _listing(view: View) -> pl.DataFrame:
    """Return frames.LISTING from the four answers that the simulator gives at the hour."""
    reads = (
        binance_listing.read_exchange_info,
        binance_listing.read_premium_index,
        binance_listing.read_book_ticker,
        binance_listing.read_funding_info,
    )
    listing = parse_listing(Snapshot(*(read(view, {}).body for read in reads)))
    return listing.frame.with_columns(snapshot_ms=pl.lit(view.hour_ms))  # the simulator leaves a mark for its clock


def _regime(view: View, eligible: pl.DataFrame, bars: pl.DataFrame) -> Regime:
    """Return the regime; without BTC every input is unknown."""
    names = [eligible.filter(pl.col("base") == coin)["contract"].sort().head(1).to_list() for coin in LEADERS]
    if not names[0]:
        return classify(RegimeInputs())
    btc, eth = (bars.filter(pl.col("contract").is_in(name)).sort("open_ms") for name in names)
    daily = _daily_bars(view, Contract(names[0][0], 1.0))
    return classify(build_regime_inputs(btc, eth, daily, {}, view.hour_ms))


def _daily_bars(view: View, contract: Contract) -> pl.DataFrame:
    until_ms = view.hour_ms // DAY_MS * DAY_MS
    since_ms = until_ms - SMA_DAYS * DAY_MS
    params = {
        "symbol": contract.name,
        "interval": "1d",
        "limit": str(SMA_DAYS),
        "startTime": str(since_ms),
        "endTime": str(until_ms - 1),
    }
    bars = parse_bars(read_klines(view, params).body, contract, DAY_MS, since_ms, until_ms)
    return verify_bars(bars, DAY_MS, view.hour_ms, needs_volume=False).bars
