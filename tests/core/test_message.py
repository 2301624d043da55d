"""What reaches a person: e-mail, SMS, subject. The texts are written out here, as a reader gets them."""

import json

import pytest

from quantscout.message import SMS_LIMIT, build_email, build_sms, build_subject, gsm7
from quantscout.models import Report
from quantscout.publish import build_message
from written_reports import EMPTY, gem_of, report_of

GSM7_BASIC = (
    "@£$¥èéùìòÇ\nØø\rÅåΔ_ΦΓΛΩΠΨΣΘΞÆæßÉ !\"#¤%&'()*+,-./0123456789:;<=>?¡ABCDEFGHIJKLMNOPQRSTUVWXYZÄÖÑÜ§"
    "¿abcdefghijklmnopqrstuvwxyzäöñüà"
)
"""The basic alphabet of 3GPP TS 23.038."""
LONGEST = ("BROCCOLIF3B", "1000000MOG", "JELLYJELLY", "1000000BOB", "1MBABYDOGE")  # of the real data


def _rich_report() -> Report:
    first = gem_of(1, "PEPE", is_new=True, hours_in_list=1, flags=["late", "perp_led"], missing=["aggressor", "social"],
                   against=["-1.2 ATR against its 20 h range (z -1.3)", "weaker"], funding_interval_h=4,
                   depth_usdt=5000.0, spread_ratio=0.002)  # fmt: skip
    second = gem_of(2, "币安人生", exchange="kucoin", also_on=["binance:币安人生USDT"])
    rest = [gem_of(k, base, reasons=["one reason"]) for k, base in ((3, "C"), (4, "D"), (5, "E"))]
    return report_of(ranked_gems=[first, second, *rest])


EMAIL = """\
QuantScout  2026-03-01 12:00 UTC
Gate: L1, loosened (low confidence)
  L1 is the first level with 5 coins
BLIND: kucoin is out, its contracts unseen. Saw 550 of 560
  eligible contracts elsewhere; 9 passed.
New: PEPE

1. PEPE  79.0  binance  NEW
   - +3.1 % in the last 15 min (z +2.0)
   - hourly volume 6.0x its 30-day median (z +1.5)
   - against: -1.2 ATR against its 20 h range (z -1.3)
   price 1               cap 10.0 M  vol 24h 4.00
   funding +0.0100 %/4h  OI 4h +1.0 %
   depth 5.00 k          spread 0.20 %
   ! late, perp_led
   missing: aggressor, social
   https://www.binance.com/en/futures/PEPEUSDT

2. 币安人生  78.0  kucoin  3 h in list
   - +3.1 % in the last 15 min (z +2.0)
   - hourly volume 6.0x its 30-day median (z +1.5)
   price 1               cap 10.0 M  vol 24h 4.00
   funding +0.0100 %/?h  OI 4h +1.0 %
   also on binance:币安人生USDT
   https://www.kucoin.com/futures/trade/%E5%B8%81%E5%AE%89%E4%BA%BA%E7%94%9FUSDT

3. C  77.0  binance  3 h in list
   - one reason
   price 1               cap 10.0 M  vol 24h 4.00
   funding +0.0100 %/?h  OI 4h +1.0 %
   https://www.binance.com/en/futures/CUSDT

4. D  76.0  binance  3 h in list
   - one reason
   price 1               cap 10.0 M  vol 24h 4.00
   funding +0.0100 %/?h  OI 4h +1.0 %
   https://www.binance.com/en/futures/DUSDT

5. E  75.0  binance  3 h in list
   - one reason
   price 1               cap 10.0 M  vol 24h 4.00
   funding +0.0100 %/?h  OI 4h +1.0 %
   https://www.binance.com/en/futures/EUSDT

Market: risk-on, BTC +0.4 % in 1 h (unknown: BTC's ADX)
Funnel: 600 listed, 560 eligible, 550 with data, 120 scored,
  9 passed
binance: ok, 539 contracts, 2 late, data 0 s old, 3 x
  timeout
kucoin: OUT, 0 contracts (blocked_region: 451)
Note: simulated: binance (book)

Price, volume, depth (within 1 %) in USDT, cap in USD.
Not financial advice.
Run 2026-03-01T12:00:00Z/x"""


def test_email_reads_as_written_here() -> None:
    """Gate, sight, who is new; per pick what speaks for and against it, figures, flags, chart; then the market."""
    assert build_email(_rich_report()) == EMAIL


def test_email_without_data_says_why() -> None:
    """Without picks the e-mail says so, why, and what a person can do first."""
    reason = "no level holds 5 coins: no venue answered; next step: run the hour again"
    lines = build_email(report_of(**EMPTY | {"gate_reason": reason})).splitlines()
    assert lines[1] == "NO DATA (gate none)"
    assert lines[5:8] == [
        "Nothing is published for this hour.",
        "Cause: no level holds 5 coins: no venue answered",
        "First step: run the hour again",
    ]


@pytest.mark.parametrize(
    ("status", "level", "words"),
    [
        ("ok", "L0", "Gate: L0, the strict one"),
        ("low_confidence", "L3", "Gate: L3, loosened (low confidence)"),
        ("no_signal", "L1", "NO SIGNAL: market is risk-off (gate L1)"),
    ],
)
def test_email_opens_with_the_gate(status: str, level: str, words: str) -> None:
    """Through which gate the five came stands in the second line, as what it is."""
    report = report_of(*"ABCDE", status=status, gate_level=level, low_confidence=level != "L0")
    assert build_email(report).splitlines()[1] == words


@pytest.mark.parametrize("status", ["ok", "low_confidence", "no_signal"])
def test_no_message_claims_a_confidence_that_nothing_measured(status: str) -> None:
    """The gate's level is no measure of confidence: only the status word of the report is said."""
    report = report_of(*"ABCDE", status=status)
    assert "confidence" not in build_email(report).replace("(low confidence)", "").lower()


@pytest.mark.parametrize(
    ("new", "left", "said"),
    [
        ("", [], ["The same five as the hour before"]),
        ("A", ["X-USDT-PERP"], ["New: A", "Left: X"]),
        ("ABCDE", [], ["New: all five"]),
    ],
)
def test_email_says_what_changed(new: str, left: list[str], said: list[str]) -> None:
    """Who is new since the hour before, and who left."""
    gems = [gem_of(k, base, is_new=base in new) for k, base in enumerate("ABCDE", 1)]
    assert build_email(report_of(ranked_gems=gems, left=left)).splitlines()[5 : 5 + len(said)] == said


@pytest.mark.parametrize(
    ("warnings", "notes"),
    [
        (["binance: simulated: all", "kucoin: simulated: all"], ["Note: simulated: binance, kucoin (all)"]),
        (["binance: simulated: book", "kucoin: simulated: all"], ["Note: simulated: binance (book); kucoin (all)"]),
        (["binance: late", "by setting: x"], ["Note: late: binance", "Note: by setting: x"]),
    ],
)
def test_what_holds_for_several_sources_is_said_once(warnings: list[str], notes: list[str]) -> None:
    """Simulated data is named once, with its sources; what is no source's stands as it is."""
    lines = build_email(report_of(*"ABCDE", warnings=warnings)).splitlines()
    assert [line for line in lines if line.startswith("Note")] == notes


def test_sms_reads_as_written_here() -> None:
    """Hour, status, level, regime, a venue that is out, then rank, coin and score; a plus marks a new one."""
    said = "QS 03-01 12h low confidence L1, risk on, BLIND kucoin: 1 PEPE 79+ 2 U+5E01&3 78 3 C 77 4 D 76 5 E 75"
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
    gems = [gem_of(k, base, is_new=True, score=100.0) for k, base in enumerate(bases, 1)]
    text = build_sms(report_of(ranked_gems=gems, status=status))
    assert len(text) <= SMS_LIMIT == 153
    assert set(text) <= set(GSM7_BASIC)
    assert all(f" {rank} {gsm7(base)} 100+" in text for rank, base in enumerate(bases, 1))


def test_sms_leaves_whole_entries_out_at_the_end() -> None:
    """Names that are longer than any that exists cost the last entries, never one in the middle."""
    gems = [gem_of(k, "A" * 18 if k < 5 else "B", score=100.0) for k in range(1, 6)]
    text = build_sms(report_of(ranked_gems=gems, hour="2026-03-01T12:00:00Z"))
    last = max(rank for rank in range(1, 6) if f" {rank} " in text.split(":")[1])
    assert len(text) <= SMS_LIMIT
    assert [f" {rank} " in text for rank in range(1, last + 1)] == [True] * last


def test_sms_without_data_fits() -> None:
    """The hour without data is told in one part, too."""
    text = build_sms(report_of(**EMPTY | {"gate_reason": "no level holds 5 coins (币) " + "x" * 300}))
    assert text.startswith("QS 03-01 12h no data: nothing published.")
    assert len(text) <= SMS_LIMIT
    assert set(text) <= set(GSM7_BASIC)


@pytest.mark.parametrize(("text", "plain"), [("PEPE", "PEPE"), ("币安人生", "U+5E01&3"), ("A币", "AU+5E01"), ("", "")])
def test_gsm7_names_what_it_cannot_write(text: str, plain: str) -> None:
    """The first foreign character is named by its number, the rest are counted."""
    assert gsm7(text) == plain


def test_subject_names_the_first_pick() -> None:
    """Hour, first coin with its score, how many are new, status."""
    assert build_subject(_rich_report()) == "QuantScout 2026-03-01 12:00 UTC: PEPE 79, 1 new, low confidence, BLIND"


@pytest.mark.parametrize("base", [*LONGEST, "币安人生", "X" * 60])
def test_subject_keeps_to_the_rules(base: str) -> None:
    """Under 100 printable ASCII characters on one line, whatever the name."""
    subject = build_subject(report_of(base, *"BCDE"))
    assert len(subject) < 100
    assert subject.isascii()
    assert subject.isprintable()


def test_subject_without_data() -> None:
    """An hour without data says so in the subject."""
    assert build_subject(report_of(**EMPTY)) == "QuantScout 2026-03-01 12:00 UTC: no data"


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
        "run_id": "2026-03-01T12:00:00Z/x",
        "attempt": "1",
    }
