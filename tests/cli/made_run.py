"""A made-up hour that was decided at L1, as a run leaves it."""

from datetime import UTC, datetime

import polars as pl

import market_frames as mf
from quantscout.models import SourceState
from quantscout.report import Facts, build_report
from quantscout.settings import Settings
from quantscout_local.explained_hour import ExplainedHour

SOURCE = SourceState(ok=True, contracts=80, late=0, errors=[], data_age_s=0, note="")
NOW = datetime(2026, 3, 1, 12, 1, tzinfo=UTC)


def _with_newest_interest(made: mf.Hour) -> mf.Hour:
    """Return the hour with the open interest of the hour itself: the market made by a seed lacks it."""
    rows = made.evidence.details.open_interest.filter(pl.col("at_ms") != mf.NOON)
    newest = rows.filter(pl.col("at_ms") == mf.NOON - 3_600_000).with_columns(at_ms=pl.lit(mf.NOON))
    return mf.with_details(made, open_interest=pl.concat([rows, newest]))


MADE = _with_newest_interest(mf.made_hour(4))


def make_run(settings: Settings) -> ExplainedHour:
    """Return the hour, decided under these settings."""
    decision = mf.decide_hour(MADE, settings)
    facts = Facts(mf.NOON, NOW, MADE.regime, {"binance": SOURCE}, [], None)
    return ExplainedHour(decision.universe, build_report(decision, facts, settings), settings)
