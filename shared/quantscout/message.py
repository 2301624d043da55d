"""What reaches a person: the e-mail's text, the SMS, the subject. Pure; limits are those of SNS and of GSM 03.38."""

import string
import textwrap
from urllib.parse import quote

from quantscout.figures import age, money, percent, price
from quantscout.models import Gem, Report
from quantscout.regime_words import regime_words, trend_words

SMS_LIMIT = 153
"""Septets of one part of a long SMS: a message within it is never split badly."""
GSM7_SAFE = frozenset(string.ascii_letters + string.digits + " .,:;+-/%()#=!?&'\"*<>\n")
"""The part of the GSM 7-bit alphabet that we use; every character counts as one septet."""
COLUMNS = 60
"""What a phone shows in a line of a plain e-mail; only a link may be longer."""
CHARTS = {
    "binance": "https://www.binance.com/en/futures/{}",
    "kucoin": "https://www.kucoin.com/futures/trade/{}",
}
"""Per venue the page of a contract's chart; a source that stands here is a venue."""
SEEN_SHARE = 0.9
"""With less than this share of the eligible contracts an hour is not quiet but badly seen."""
NEXT_STEP = "; next step: "
"""What the reason of an hour without data puts before what a person can do."""
UNITS = "Price, volume, depth (within 1 %) in USDT, cap in USD."
NOT_ADVICE = "Not financial advice."


def _when(report: Report) -> str:
    return report.hour[:16].replace("T", " ") + " UTC"


def gsm7(text: str) -> str:
    """Return a text in which characters that GSM-7 lacks are named: the first as U+hex, the number of others behind it.

    >>> gsm7("币安人生"), gsm7("PEPE")
    ('U+5E01&3', 'PEPE')
    """
    plain = "".join(c for c in text if c in GSM7_SAFE)
    other = [c for c in text if c not in GSM7_SAFE]
    if not other:
        return text
    more = f"&{len(other) - 1}" if len(other) > 1 else ""
    return f"{plain}U+{ord(other[0]):04X}{more}"


def chart_url(gem: Gem) -> str:
    """Return the address of the venue's chart, empty for a venue that has none here.

    Names beyond ASCII are percent-encoded: a mail program ends a link at the first of them.
    """
    return CHARTS.get(gem.exchange, "").format(quote(gem.contract, safe=""))


def build_subject(report: Report) -> str:
    """Return the e-mail's subject: under 100 ASCII characters, no line breaks."""
    if not report.ranked_gems:
        return f"QuantScout {_when(report)}: no data"
    first = report.ranked_gems[0]
    new = sum(gem.is_new for gem in report.ranked_gems)
    status = report.status.replace("_", " ") + (", BLIND" if venues_out(report) else "")
    return f"QuantScout {_when(report)}: {gsm7(_coin(first))[:20]} {first.score:.0f}, {new} new, {status}"


def _coin(gem: Gem) -> str:
    return _name(gem.symbol)


def _name(symbol: str) -> str:
    return symbol.removesuffix("-USDT-PERP")


def venues_out(report: Report) -> list[str]:
    """Return the venues that brought nothing this hour."""
    return [name for name, state in report.sources.items() if name in CHARTS and not state.ok]


def build_sms(report: Report) -> str:
    """Return the SMS: at most 153 GSM-7 characters; whole entries are left out at the end rather than cut."""
    head = f"QS {report.hour[5:13].replace('T', ' ')}h {report.status.replace('_', ' ')}"
    if not report.ranked_gems:
        return f"{head}: nothing published. {gsm7(report.gate_reason)}"[:SMS_LIMIT]
    level = f" {report.gate_level}" if report.low_confidence else ""
    blind = f", BLIND {'+'.join(venues_out(report))}" if venues_out(report) else ""
    text = f"{head}{level}, {report.regime.name.replace('_', ' ')}{blind}:"
    for gem in report.ranked_gems:
        mark = "+" if gem.is_new else ""
        entry = f" {gem.rank} {gsm7(_coin(gem))[:18]} {gem.score:.0f}{mark}"
        if len(text) + len(entry) > SMS_LIMIT:
            break
        text += entry
    return text


def build_email(report: Report) -> str:
    """Return the e-mail, the most important first: trust, sight, what changed, the five, then market and sources.

    Lines have at most 60 columns (a link may be longer, and a Chinese character takes two).
    """
    lines = [f"QuantScout  {_when(report)}", *_gate(report), *_wrap(sight(report)), *_changes(report), ""]
    for gem in report.ranked_gems:
        lines += [*_gem_lines(gem), ""]
    if not report.ranked_gems:
        lines += [*_nothing(report), ""]
    market = regime_words(report.regime, with_trend=report.status != "no_signal")
    lines += [*_wrap(f"Market: {market}"), *_wrap(f"Funnel: {_funnel(report)}"), *_sources(report)]
    return "\n".join([*lines, *_notes(report), "", UNITS, NOT_ADVICE, f"Run {report.run_id}"])


def _wrap(text: str, indent: str = "  ") -> list[str]:
    """Return a text in lines of a phone's width, all but the first indented."""
    return textwrap.wrap(text, COLUMNS, subsequent_indent=indent, break_long_words=False, break_on_hyphens=False)


def _gate(report: Report) -> list[str]:
    """Return through which gate the five came, and why not through the strict one; it measures no confidence."""
    level = report.gate_level or "none"
    words = {
        "ok": f"Gate: {level}, the strict one",
        "low_confidence": f"Gate: {level}, loosened (low confidence)",
        "no_signal": f"NO SIGNAL: market is risk-off (gate {level})",
    }
    trend = trend_words(report.regime)
    why = [trend] if report.status == "no_signal" and trend else []
    why += [report.gate_reason] if report.low_confidence and report.ranked_gems else []
    said = [line for text in why for line in _wrap(f"  {text}")]
    return [words.get(report.status, f"NO DATA (gate {level})"), *said]


def sight(report: Report) -> str:
    """Say how much of the market was seen, so that a quiet market and a blind scanner do not look alike."""
    f, out = report.funnel, venues_out(report)
    saw = f"{f.with_data:,} of {f.eligible:,} eligible contracts"
    if out:
        told = ", ".join(f"{name} is out, {_unseen(report, name)} unseen" for name in out)
        return f"BLIND: {told}. Saw {saw} elsewhere; {f.passed:,} passed."
    if not f.eligible:
        return "BLIND: no contract is listed."
    if f.with_data < SEEN_SHARE * f.eligible:
        return f"PARTLY BLIND: saw only {saw}; {f.passed:,} passed."
    return f"Saw {saw}; {f.passed:,} passed."


def _unseen(report: Report, source: str) -> str:
    known = report.unseen.get(source)
    return "its contracts" if known is None else f"{known:,} contracts"


def _changes(report: Report) -> list[str]:
    """Return who is new since the hour before, and who left."""
    if not report.ranked_gems:
        return []
    new = [_coin(gem) for gem in report.ranked_gems if gem.is_new]
    left = [_name(symbol) for symbol in report.left]
    if not new:
        return ["The same five as the hour before"]
    entered = "all five" if len(new) == len(report.ranked_gems) else ", ".join(new)
    return [*_wrap(f"New: {entered}"), *(_wrap(f"Left: {', '.join(left)}") if left else [])]


def _gem_lines(gem: Gem) -> list[str]:
    streak = "NEW" if gem.is_new else f"{gem.hours_in_list} h in list"
    points = gem.data_points
    why = [*gem.reasons[:2], *(f"against: {reason}" for reason in gem.against[:1])]
    lines = [
        f"{gem.rank}. {_coin(gem)}  {gem.score:.1f}  {gem.exchange}  {streak}",
        *(line for reason in why for line in _wrap(f"   - {reason}", "     ")),
        f"   price {price(gem.price):<15} cap {money(gem.market_cap_usd):<7} vol 24h {money(points.volume_24h_usdt)}",
        f"   funding {_funding(gem):<13} OI 4h {percent(points.oi_velocity_4h_pct)}",
        *_book(gem),
    ]
    for said in (("! ", gem.flags), ("missing: ", gem.missing), ("also on ", gem.also_on)):
        lines += _wrap(f"   {said[0]}{', '.join(said[1])}", "     ") if said[1] else []
    return [*lines, *([f"   {chart_url(gem)}"] if chart_url(gem) else [])]


def _funding(gem: Gem) -> str:
    """Return the rate with its interval: contracts pay every 1, 2, 4 or 8 h, so a bare rate compares with nothing."""
    rate = gem.data_points.funding_rate
    return percent(None) if rate is None else f"{percent(100 * rate, 4)}/{gem.funding_interval_h or '?'}h"


def _book(gem: Gem) -> list[str]:
    """Return the line of what trading it costs, of what is known; empty where nothing is."""
    depth = "" if gem.depth_usdt is None else f"depth {money(gem.depth_usdt):<15} "
    spread = "" if gem.spread_ratio is None else f"spread {100 * gem.spread_ratio:.2f} %"
    return [f"   {depth}{spread}".rstrip()] if depth or spread else []


def _nothing(report: Report) -> list[str]:
    cause, _, step = report.gate_reason.partition(NEXT_STEP)
    first = _wrap(f"First step: {step}") if step else []
    return ["Nothing is published for this hour.", *_wrap(f"Cause: {cause}"), *first]


def _funnel(report: Report) -> str:
    f = report.funnel
    return (
        f"{f.listed} listed, {f.eligible} eligible, {f.with_data} with data, {f.scored_set} scored, {f.passed} passed"
    )


def _sources(report: Report) -> list[str]:
    """Return a line per source: is it there, how many contracts, how old its data is, what failed."""
    lines = []
    for name, state in report.sources.items():
        late = f", {state.late} late" if state.late else ""
        old = "" if state.data_age_s is None else f", data {age(state.data_age_s)} old"
        errors = "".join(f", {e.count} x {e.reason}" for e in state.errors)
        note = f" ({state.note})" if state.note else ""
        lines += _wrap(f"{name}: {'ok' if state.ok else 'OUT'}, {state.contracts} contracts{late}{old}{errors}{note}")
    return lines


def _notes(report: Report) -> list[str]:
    """Return the warnings; what is said of several sources ("kucoin: simulated: book") is said once, with all names."""
    said: dict[str, dict[str, list[str]]] = {}
    for warning in report.warnings:
        source, _, rest = warning.partition(": ")
        known = source in report.sources and rest
        what, _, detail = rest.partition(": ") if known else (warning, "", "")
        said.setdefault(what, {}).setdefault(detail, []).extend([source] if known else [])
    texts = (f"{what}{_of_sources(details)}" for what, details in said.items())
    return [line for text in texts for line in _wrap(f"Note: {text}")]


def _of_sources(details: dict[str, list[str]]) -> str:
    told = [", ".join(names) + (f" ({detail})" if detail else "") for detail, names in details.items() if names]
    return f": {'; '.join(told)}" if told else ""
