"""What reaches a person: e-mail, SMS, subject. The texts are written out here, as a reader gets them."""

import json
from typing import Any

import pytest

from quantscout.message import SMS_LIMIT, build_email, build_sms, build_subject, gsm7
from quantscout.models import DataPoints, ErrorCount, Funnel, Gem, RegimeState, Report, SourceState
from quantscout.publish import build_message

GSM7_BASIC = (
    "@£$¥èéùìòÇ\nØø\rÅåΔ_ΦΓΛΩΠΨΣΘΞÆæßÉ !\"#¤%&'()*+,-./0123456789:;<=>?¡ABCDEFGHIJKLMNOPQRSTUVWXYZÄÖÑÜ§"
    "¿abcdefghijklmnopqrstuvwxyzäöñüà"
)
"""The basic alphabet of 3GPP TS 23.038, one septet each."""
LONGEST = ("BROCCOLIF3B", "1000000MOG", "JELLYJELLY", "1000000BOB", "1MBABYDOGE")
"""The longest bases of the real data."""
POINTS = DataPoints(
    oi_velocity_4h_pct=1.0,
    funding_rate=1e-4,
    long_short_ratio=None,
    volume_acceleration_1h_pct=2.0,
    price_momentum_1h_pct=3.0,
    volume_24h_usdt=4.0,
)


def _gem(rank: int, base: str, **changes: Any) -> Gem:
    values: dict[str, Any] = {
        "rank": rank, "symbol": f"{base}-USDT-PERP", "exchange": "binance", "score": 80.04 - rank,
        "justification": "J.",
        "reasons": ["+3.1 % in the last 15 min (z +2.0)", "hourly volume 6.0x its 30-day median (z +1.5)", "third"],
        "data_points": POINTS, "contract": f"{base}USDT", "price": 1.0, "market_cap_usd": 1e7, "coverage": 1.0,
        "missing": [], "flags": [], "is_new": False, "hours_in_list": 3, "also_on": [], "factors": {}, "penalty": 0.0,
        "boost": 0.0,
    }  # fmt: skip
    return Gem(**values | changes)


BINANCE = SourceState(
    ok=True,
    contracts=539,
    late=2,
    errors=[ErrorCount(reason="timeout", count=3, contracts=["A"], detail="slow")],
    data_age_s=0,
    note="",
)
KUCOIN = SourceState(ok=False, contracts=0, late=0, errors=[], data_age_s=None, note="blocked_region: 451")
FUNNEL = Funnel(listed=600, eligible=560, with_data=550, scored_set=120, passed=9, ranked=8, by_reason={})


def _report(*bases: str, **changes: Any) -> Report:
    values: dict[str, Any] = {
        "schema_version": "1.0", "method_version": "1.0.0", "config_hash": "0123456789ab",
        "run_id": "2026-03-01T12:00:00Z/x", "hour": "2026-03-01T12:00:00Z", "generated_at": "2026-03-01T12:00:30Z",
        "status": "low_confidence", "low_confidence": True, "gate_level": "L1",
        "gate_reason": "L1 is the first level with 5 coins",
        "regime": RegimeState(name="risk_on", inputs={"btc_return_1h_pct": 0.42}, unknown=["btc_adx14_4h"]),
        "funnel": FUNNEL, "sources": {"binance": BINANCE, "kucoin": KUCOIN}, "warnings": ["binance: simulated: book"],
        "ranked_gems": [_gem(k, base) for k, base in enumerate(bases, 1)],
    }  # fmt: skip
    return Report(**values | changes)


def _rich_report() -> Report:
    first = _gem(1, "PEPE", is_new=True, hours_in_list=1, flags=["late", "perp_led"], missing=["aggressor", "social"])
    second = _gem(2, "币安人生", exchange="kucoin", also_on=["binance:币安人生USDT"])
    rest = [_gem(k, base, reasons=["one reason"]) for k, base in ((3, "C"), (4, "D"), (5, "E"))]
    return _report(ranked_gems=[first, second, *rest])


EMAIL = """\
QuantScout  2026-03-01 12:00 UTC
Confidence: LOW (gate L1)

1. PEPE  79.0  binance  (new)
   - +3.1 % in the last 15 min (z +2.0)
   - hourly volume 6.0x its 30-day median (z +1.5)
   ! late, perp_led
   missing: aggressor, social

2. 币安人生  78.0  kucoin  (3 h in list)
   - +3.1 % in the last 15 min (z +2.0)
   - hourly volume 6.0x its 30-day median (z +1.5)
   also on binance:币安人生USDT

3. C  77.0  binance  (3 h in list)
   - one reason

4. D  76.0  binance  (3 h in list)
   - one reason

5. E  75.0  binance  (3 h in list)
   - one reason

Market: risk-on, BTC +0.4 % in 1 h (unknown: btc_adx14_4h)
Funnel: 600 listed, 560 eligible, 550 with data, 120 scored, 9 passed
binance: ok, 539 contracts, 2 late, 3 x timeout
kucoin: OUT, 0 contracts, 0 late (blocked_region: 451)
Note: binance: simulated: book

Not financial advice.
Run 2026-03-01T12:00:00Z/x"""
EMPTY = {"status": "no_data", "gate_level": None, "gate_reason": "no level holds 5 coins that can be scored"}


def test_email_reads_as_written_here() -> None:
    """Rank, coin, score, venue, two reasons, flags, what was missing, regime, confidence, in this order."""
    assert build_email(_rich_report()) == EMAIL


def test_email_without_data_says_why() -> None:
    """Without picks the e-mail says so, and why."""
    lines = build_email(_report(**EMPTY)).splitlines()
    assert lines[1:5] == ["NO DATA (gate none)", "", "Nothing is published for this hour.", EMPTY["gate_reason"]]


@pytest.mark.parametrize(
    ("status", "words"),
    [
        ("ok", "Confidence: normal"),
        ("low_confidence", "Confidence: LOW"),
        ("no_signal", "NO SIGNAL: market is risk-off"),
    ],
)
def test_email_opens_with_the_confidence(status: str, words: str) -> None:
    """How far the list can be trusted stands in the second line."""
    assert build_email(_report(*"ABCDE", status=status)).splitlines()[1] == f"{words} (gate L1)"


def test_sms_reads_as_written_here() -> None:
    """Hour, status, regime, then rank, coin and score; a plus marks a new one."""
    said = "QS 03-01 12h low confidence, risk on: 1 PEPE 79+ 2 U+5E01&3 78 3 C 77 4 D 76 5 E 75"
    assert build_sms(_rich_report()) == said


LISTS = {
    "longest": LONGEST,
    "longest five times": LONGEST[:1] * 5,
    "chinese": ("币安人生", "我踏马来了", "哈基米", "客服小何", "黑马"),
}


@pytest.mark.parametrize("bases", LISTS.values(), ids=LISTS)
@pytest.mark.parametrize("status", ["ok", "low_confidence", "no_signal"])
def test_sms_holds_five_long_names(bases: tuple[str, ...], status: str) -> None:
    """The longest names of the real data, and Chinese ones, fit in 153 septets of the basic alphabet, all five."""
    gems = [_gem(k, base, is_new=True, score=100.0) for k, base in enumerate(bases, 1)]
    text = build_sms(_report(ranked_gems=gems, status=status))
    assert len(text) <= SMS_LIMIT == 153
    assert set(text) <= set(GSM7_BASIC)
    assert all(f" {rank} {gsm7(base)} 100+" in text for rank, base in enumerate(bases, 1))


def test_sms_leaves_whole_entries_out_at_the_end() -> None:
    """Names that are longer than any that exists cost the last entries, never one in the middle."""
    gems = [_gem(k, "A" * 18 if k < 5 else "B", score=100.0) for k in range(1, 6)]
    text = build_sms(_report(ranked_gems=gems, hour="2026-03-01T12:00:00Z"))
    last = max(rank for rank in range(1, 6) if f" {rank} " in text.split(":")[1])
    assert len(text) <= SMS_LIMIT
    assert [f" {rank} " in text for rank in range(1, last + 1)] == [True] * last


def test_sms_without_data_fits() -> None:
    """The hour without data is told in one part, too."""
    text = build_sms(_report(**EMPTY | {"gate_reason": "no level holds 5 coins (币) " + "x" * 300}))
    assert text.startswith("QS 03-01 12h no data: nothing published.")
    assert len(text) <= SMS_LIMIT
    assert set(text) <= set(GSM7_BASIC)


@pytest.mark.parametrize(("text", "plain"), [("PEPE", "PEPE"), ("币安人生", "U+5E01&3"), ("A币", "AU+5E01"), ("", "")])
def test_gsm7_names_what_it_cannot_write(text: str, plain: str) -> None:
    """The first foreign character is named by its number, the rest are counted."""
    assert gsm7(text) == plain


def test_subject_names_the_first_pick() -> None:
    """Hour, first coin with its score, how many are new, status."""
    assert build_subject(_rich_report()) == "QuantScout 2026-03-01 12:00 UTC: PEPE 79, 1 new, low confidence"


@pytest.mark.parametrize("base", [*LONGEST, "币安人生", "X" * 60])
def test_subject_keeps_to_the_rules(base: str) -> None:
    """Under 100 printable ASCII characters on one line, whatever the name."""
    subject = build_subject(_report(base, *"BCDE"))
    assert len(subject) < 100
    assert subject.isascii()
    assert subject.isprintable()


def test_subject_without_data() -> None:
    """An hour without data says so in the subject."""
    assert build_subject(_report(**EMPTY)) == "QuantScout 2026-03-01 12:00 UTC: no data"


def test_message_has_a_body_per_protocol() -> None:
    """The default body is the report itself; e-mail and SMS have their own texts."""
    report = _rich_report()
    body = json.loads(build_message(report)["Message"])
    assert Report.model_validate_json(body["default"]) == report
    assert (body["email"], body["sms"]) == (build_email(report), build_sms(report))


def test_message_attributes_serve_filter_policies() -> None:
    """Subscribers filter by status, regime, confidence, top score, new entrants and schema version."""
    attributes = build_message(_rich_report())["MessageAttributes"]
    assert {name: value["StringValue"] for name, value in attributes.items()} == {
        "status": "low_confidence",
        "regime": "risk_on",
        "low_confidence": "true",
        "top_score": "79.04",
        "new_entrants": "1",
        "schema_version": "1.0",
    }
