"""The real handler on an hour of the real market: it adds up, looks at nothing later, and admits what it lacks."""

import json
import shutil
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import jsonschema
import polars as pl
import pytest

from quantscout.clock import to_ms
from quantscout.frames import HOUR_MS, MINUTE_MS
from quantscout.message import GSM7_SAFE, SMS_LIMIT, build_sms
from quantscout.models import Report
from quantscout_local.hour import REAL_ONLY_SETTINGS
from quantscout_local.schema import report_schema_text
from quantscout_local.stack import LocalStack

ARCHIVE = Path(__file__).parents[3] / "shared" / "market"
HOUR = datetime(2026, 3, 1, 12, tzinfo=UTC)
HOUR_AT_MS = to_ms(HOUR)
RISK_OFF_TOO = '{"alert_on_no_signal": true}'

pytestmark = [
    pytest.mark.e2e,
    pytest.mark.skipif(not ARCHIVE.is_dir(), reason="the market archive ../shared/market is not beside the repository"),
]


def screened(market: Path, *, real_only: bool = False, settings: str = RISK_OFF_TOO) -> dict[str, Any]:
    """Return the published report of the hour on a fresh stack, without a backfill: the run loads what it needs."""
    with LocalStack(HOUR, market, real_only, keys=not real_only, settings_json=settings) as stack:
        stack.invoke("screen", {"at": "2026-03-01T12:00:00Z"})
        [received] = stack.messages()
    jsonschema.Draft202012Validator(json.loads(report_schema_text())).validate(received["body"])
    body: dict[str, Any] = received["body"]
    return body | {"generated_at": ""}


@pytest.fixture(scope="module")
def report() -> dict[str, Any]:
    """Return the report of the archive's hour."""
    return screened(ARCHIVE)


def test_the_funnel_of_a_real_hour_adds_up(report: dict[str, Any]) -> None:
    """Every contract that the archive knows by the hour is listed, and each has its fate."""
    funnel, venues = report["funnel"], [report["sources"][name]["contracts"] for name in ("binance", "kucoin")]
    bars = [pl.scan_parquet(ARCHIVE / f"binance_um_{name}.parquet") for name in ("1h", "1h_taker")]
    known = pl.concat(rows.filter(pl.col("open_time") < HOUR_AT_MS).select("symbol") for rows in bars)
    assert venues[0] == known.unique().collect().height
    assert funnel["ranked"] + sum(funnel["by_reason"].values()) == funnel["listed"] == sum(venues)
    assert len(report["ranked_gems"]) == 5


def closed_by_the_hour(path: Path) -> pl.LazyFrame:
    """Return the rows of a series that stood when the hour closed."""
    rows, step_ms = pl.scan_parquet(path), {"15m": 15 * MINUTE_MS, "1h": HOUR_MS, "4h": 4 * HOUR_MS}
    names = rows.collect_schema().names()
    if "open_time" in names:
        return rows.filter(pl.col("open_time") + step_ms[path.stem.split("_")[2]] <= HOUR_AT_MS)
    if "timestamp" in names:
        return rows.filter(pl.col("timestamp") <= HOUR_AT_MS)
    return rows.filter(pl.col("funding_time") < HOUR_AT_MS + MINUTE_MS)  # venues stamp a settlement a little late


def test_nothing_later_than_the_hour_is_read(report: dict[str, Any], tmp_path: Path) -> None:
    """A second fresh stack, over a copy in which every series ends at the hour, publishes the same bytes."""
    for path in ARCHIVE.glob("*.parquet"):
        closed_by_the_hour(path).sink_parquet(tmp_path / path.name, compression="lz4")
    shutil.copytree(ARCHIVE / "raw", tmp_path / "raw")
    newest = pl.scan_parquet(tmp_path / "binance_um_1h.parquet").select(pl.col("open_time").max()).collect().item()
    assert newest == HOUR_AT_MS - HOUR_MS
    assert json.dumps(untroubled(screened(tmp_path))) == json.dumps(untroubled(report))


def untroubled(report: dict[str, Any]) -> dict[str, Any]:
    """Return a report without its notes on requests that were tried again: a machine under load gives such ones."""
    return report | {"warnings": [text for text in report["warnings"] if "requests tried again" not in text]}


def test_real_series_alone_give_five_picks_that_name_what_was_missing() -> None:
    """Without books, 15m bars and supply the hour still ranks, and every pick says what it had to do without."""
    report = screened(ARCHIVE, real_only=True, settings=REAL_ONLY_SETTINGS)
    assert [bool(gem["missing"]) for gem in report["ranked_gems"]] == [True] * 5
    assert all("Missing: " in gem["justification"] for gem in report["ranked_gems"])
    assert [warning for warning in report["warnings"] if "simulated" in warning] == [
        "binance: simulated, not measured: exchange_info"
    ]


def test_the_sms_of_a_real_hour_fits(report: dict[str, Any]) -> None:
    """The text of the real five is within one part, in GSM's alphabet."""
    sms = build_sms(Report.model_validate(report))
    assert len(sms) <= SMS_LIMIT
    assert set(sms) <= GSM7_SAFE
