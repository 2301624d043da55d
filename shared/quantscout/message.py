"""What reaches a person: the e-mail's text, the SMS, the subject. Pure; limits are those of SNS and of GSM 03.38."""

import string

from quantscout.models import Gem, Report

SMS_LIMIT = 153
"""Septets of one part of a long SMS: a message within it is never split badly."""
GSM7_SAFE = frozenset(string.ascii_letters + string.digits + " .,:;+-/%()#=!?&'\"*<>\n")
"""The part of the GSM 7-bit alphabet that we use; every character counts as one septet."""
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


def build_subject(report: Report) -> str:
    """Return the e-mail's subject: under 100 ASCII characters, no line breaks."""
    if not report.ranked_gems:
        return f"QuantScout {_when(report)}: no data"
    first = report.ranked_gems[0]
    new = sum(gem.is_new for gem in report.ranked_gems)
    status = report.status.replace("_", " ")
    return f"QuantScout {_when(report)}: {gsm7(_coin(first))[:20]} {first.score:.0f}, {new} new, {status}"


def _coin(gem: Gem) -> str:
    return gem.symbol.removesuffix("-USDT-PERP")


def build_sms(report: Report) -> str:
    """Return the SMS: at most 153 GSM-7 characters; whole entries are left out at the end rather than cut."""
    head = f"QS {report.hour[5:13].replace('T', ' ')}h {report.status.replace('_', ' ')}"
    if not report.ranked_gems:
        return f"{head}: nothing published. {gsm7(report.gate_reason)}"[:SMS_LIMIT]
    text = f"{head}, {report.regime.name.replace('_', ' ')}:"
    for gem in report.ranked_gems:
        mark = "+" if gem.is_new else ""
        entry = f" {gem.rank} {gsm7(_coin(gem))[:18]} {gem.score:.0f}{mark}"
        if len(text) + len(entry) <= SMS_LIMIT:
            text += entry
    return text


def build_email(report: Report) -> str:
    """Return the e-mail: lines of at most 60 columns or so, the most important first, for a phone."""
    lines = [f"QuantScout  {_when(report)}", _confidence(report), ""]
    for gem in report.ranked_gems:
        lines += [*_gem_lines(gem), ""]
    if not report.ranked_gems:
        lines += ["Nothing is published for this hour.", report.gate_reason, ""]
    lines += ["Market: " + _regime(report), "Funnel: " + _funnel(report), *_sources(report), *_warnings(report), ""]
    lines += [NOT_ADVICE, f"Run {report.run_id}"]
    return "\n".join(lines)


def _confidence(report: Report) -> str:
    level = report.gate_level or "none"
    words = {
        "ok": "Confidence: normal",
        "low_confidence": "Confidence: LOW",
        "no_signal": "NO SIGNAL: market is risk-off",
    }
    return f"{words.get(report.status, 'NO DATA')} (gate {level})"


def _gem_lines(gem: Gem) -> list[str]:
    streak = "new" if gem.is_new else f"{gem.hours_in_list} h in list"
    lines = [
        f"{gem.rank}. {_coin(gem)}  {gem.score:.1f}  {gem.exchange}  ({streak})",
        *(f"   - {reason}" for reason in gem.reasons[:2]),
    ]
    if gem.flags:
        lines.append(f"   ! {', '.join(gem.flags)}")
    if gem.missing:
        lines.append(f"   missing: {', '.join(gem.missing)}")
    if gem.also_on:
        lines.append(f"   also on {', '.join(gem.also_on)}")
    return lines


def _regime(report: Report) -> str:
    known = report.regime.inputs.get("btc_return_1h_pct")
    bitcoin = "" if known is None else f", BTC {known:+.1f} % in 1 h"
    unknown = f" (unknown: {', '.join(report.regime.unknown)})" if report.regime.unknown else ""
    return report.regime.name.replace("_", "-") + bitcoin + unknown


def _funnel(report: Report) -> str:
    f = report.funnel
    return (
        f"{f.listed} listed, {f.eligible} eligible, {f.with_data} with data, {f.scored_set} scored, {f.passed} passed"
    )


def _sources(report: Report) -> list[str]:
    lines = []
    for name, state in report.sources.items():
        errors = "".join(f", {e.count} x {e.reason}" for e in state.errors)
        lines.append(
            f"{name}: {'ok' if state.ok else 'OUT'}, {state.contracts} contracts, {state.late} late{errors}"
            + (f" ({state.note})" if state.note else "")
        )
    return lines


def _warnings(report: Report) -> list[str]:
    return ["Note: " + warning for warning in report.warnings]
