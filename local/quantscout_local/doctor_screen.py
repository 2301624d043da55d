"""The diagnosis for a person: one table of sources, one of open questions, one sentence."""

from collections.abc import Mapping

from rich.box import SIMPLE_HEAD
from rich.console import Console
from rich.table import Table
from rich.text import Text

from quantscout_local.doctor_findings import Diagnosis, SourceFinding, SourceName
from quantscout_local.doctor_reasons import MEANING

LABELS: Mapping[SourceName, str] = {
    "binance": "Binance",
    "kucoin": "KuCoin",
    "kucoin_unified": "KuCoin unified",
    "coinalyze": "Coinalyze",
    "coingecko": "CoinGecko",
}
CLOCK_STYLES = {"right": "green", "drifting": "yellow", "wrong": "bold red"}
KEY_STYLES = {"valid": "green", "missing": "yellow", "refused": "bold red"}
VERDICT_STYLES = {"agrees": "green", "differs": "yellow", "unknown": "dim"}
WAITING = ("banned", "rate_limited")


def print_diagnosis(diagnosis: Diagnosis, console: Console) -> None:
    """Print everything that was found; the last line is the answer."""
    console.print(_sources(diagnosis))
    for finding in diagnosis.sources:
        for note in _notes(finding):
            console.print(Text.assemble((f"{LABELS[finding.name]}: ", "bold"), note), soft_wrap=True)
    if any(finding.probes for finding in diagnosis.sources):
        console.print(_probes(diagnosis))
    simulated = [LABELS[finding.name] for finding in diagnosis.sources if finding.simulated]
    if simulated:
        console.print(f"Simulated, not measured: {', '.join(simulated)}.", style="yellow", soft_wrap=True)
    console.print(f"{diagnosis.requests} requests in all.", style="dim")
    console.print(Text(diagnosis.conclusion, "bold green" if diagnosis.can_run else "bold red"), soft_wrap=True)


def _sources(diagnosis: Diagnosis) -> Table:
    table = Table(title=f"Sources seen from here, {diagnosis.checked_at:%Y-%m-%dT%H:%M:%SZ}", box=SIMPLE_HEAD)
    table.title_justify = "left"
    for name in ("source", "state", "clock s", "round trip ms", "found", "key", "limits"):
        table.add_column(name, justify="right" if name in ("clock s", "round trip ms", "found") else "left")
    for finding in diagnosis.sources:
        reached = finding.reach == "reachable"
        table.add_row(
            LABELS[finding.name],
            Text(MEANING[finding.reach][0], "green" if reached else "bold red"),
            _clock(finding),
            "-" if finding.round_trip_ms is None else f"{finding.round_trip_ms:,.0f}",
            "-" if finding.contracts is None else f"{finding.contracts:,}",
            Text(finding.key.replace("_", " "), KEY_STYLES.get(finding.key, "dim")),
            "; ".join(finding.limits) or "-",
        )
    return table


def _clock(finding: SourceFinding) -> Text:
    if finding.clock_drift_s is None or finding.clock is None:
        return Text("-", "dim")
    return Text(f"{finding.clock_drift_s:+.2f}", CLOCK_STYLES[finding.clock])


def _notes(finding: SourceFinding) -> list[str]:
    """Return what a person should know beyond the table: the failure's own words, the next step, the key."""
    notes = []
    if finding.reach != "reachable":
        until = f" (until {finding.again_at:%Y-%m-%dT%H:%M:%SZ})" if finding.again_at else ""
        notes.append(f"{finding.detail}{until}; {MEANING[finding.reach][1]} [{finding.address}]")
    if finding.clock == "drifting":
        notes.append("its clock and the one here differ by more than 2 s; a run corrects that")
    if finding.clock == "wrong":
        notes.append("its clock and the one here differ by more than 30 s: a run leaves this source out; set the clock")
    if finding.key == "refused":
        notes.append(f"the key is refused ({finding.key_detail}): store a valid one")
    if finding.key == "missing":
        notes.append("no key was given; a run goes without this source")
    return notes


def _probes(diagnosis: Diagnosis) -> Table:
    table = Table(title="What the documentation leaves open", title_justify="left", box=SIMPLE_HEAD)
    for name in ("source", "question", "seen", "the product assumes", "verdict"):
        table.add_column(name, overflow="fold")
    for finding in diagnosis.sources:
        for probe in finding.probes:
            verdict = Text(probe.verdict, VERDICT_STYLES[probe.verdict])
            table.add_row(LABELS[finding.name], probe.question, probe.seen, probe.assumed, verdict)
    return table
