"""The report for a terminal: the five with reasons, the funnel, the sources. Colours follow NO_COLOR and pipes."""

from rich.box import SIMPLE_HEAD
from rich.console import Console
from rich.table import Table
from rich.text import Text

from quantscout.gates import REASONS
from quantscout.message import NOT_ADVICE
from quantscout.models import Gem, Report

STATUS_STYLE = {"ok": "bold green", "low_confidence": "bold yellow", "no_signal": "bold magenta", "no_data": "bold red"}


def print_report(console: Console, report: Report) -> None:
    """Print the whole report."""
    status = report.status.replace("_", " ")
    console.print(
        Text.assemble(
            (f"{report.hour}  ", "bold"),
            (status, STATUS_STYLE[report.status]),
            f"  gate {report.gate_level or '-'}  market {report.regime.name}",
        )
    )
    console.print(Text(report.gate_reason, "dim"), soft_wrap=True)
    if report.ranked_gems:
        console.print(_picks(report.ranked_gems))
        for gem in report.ranked_gems:
            console.print(Text.assemble((f"{gem.rank} {gem.symbol}  ", "bold"), gem.justification), soft_wrap=True)
    console.print(_funnel(report))
    console.print(_sources(report))
    for warning in report.warnings:
        console.print(Text(f"note: {warning}", "yellow"), soft_wrap=True)
    console.print(NOT_ADVICE, style="dim")


def _number(value: float | None, form: str, scale: float = 1.0) -> str:
    return "-" if value is None else format(value * scale, form)


def _picks(gems: list[Gem]) -> Table:
    table = Table(
        title="Picks", title_justify="left", box=SIMPLE_HEAD, padding=(0, 0), pad_edge=False, collapse_padding=True
    )
    for name in ("#", "coin", "venue", "score", "cover", "1h%", "vol%", "OI4h%", "fund%", "24hM$", "capM$", "list"):
        table.add_column(name, justify="left" if name in ("coin", "venue") else "right", no_wrap=True)
    for gem in gems:
        d = gem.data_points
        table.add_row(
            str(gem.rank), gem.symbol.removesuffix("-USDT-PERP"), gem.exchange,
            f"{gem.score:.1f}", f"{gem.coverage:.2f}",
            _number(d.price_momentum_1h_pct, "+.1f"), _number(d.volume_acceleration_1h_pct, "+.0f"),
            _number(d.oi_velocity_4h_pct, "+.1f"), _number(d.funding_rate, "+.3f", 100),
            _number(d.volume_24h_usdt, ".2f", 1e-6),
            _number(gem.market_cap_usd, ".1f", 1e-6), "new" if gem.is_new else f"{gem.hours_in_list} h",
        )  # fmt: skip
    return table


def _funnel(report: Report) -> Table:
    f = report.funnel
    table = Table(title="Funnel", title_justify="left", box=SIMPLE_HEAD)
    table.add_column("stage / reason")
    table.add_column("contracts", justify="right")
    table.add_column("meaning", style="dim")
    for name in ("listed", "eligible", "with_data", "scored_set", "passed", "ranked"):
        table.add_row(name, str(getattr(f, name)), "", style="bold" if name in ("listed", "ranked") else "")
    table.add_section()
    for code, count in f.by_reason.items():
        table.add_row(code, str(count), REASONS.get(code, ""))
    table.add_section()
    table.add_row(
        "ranked + rejected", str(f.ranked + sum(f.by_reason.values())), f"= listed ({f.listed})", style="bold"
    )
    return table


def _sources(report: Report) -> Table:
    table = Table(title="Sources", title_justify="left", box=SIMPLE_HEAD)
    for name in ("source", "state", "contracts", "late", "errors", "note"):
        table.add_column(name, justify="right" if name in ("contracts", "late") else "left")
    for name, state in report.sources.items():
        errors = ", ".join(f"{e.count} x {e.reason}" for e in state.errors) or "none"
        table.add_row(
            name,
            Text("ok", "green") if state.ok else Text("out", "red"),
            str(state.contracts),
            str(state.late),
            Text(errors),
            Text(state.note),
        )
    return table
