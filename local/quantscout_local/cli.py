"""The command line: run an hour on this machine, and ask why a contract was or was not picked."""

from pathlib import Path
from typing import Annotated, NoReturn

import typer
from rich.text import Text

from quantscout import __version__
from quantscout.errors import InputError, QuantScoutError
from quantscout_local.terminal import open_console

OUT = Path("out")
EXIT_BAD_INPUT = 2
EXIT_FAILED = 1

app = typer.Typer(
    no_args_is_help=True,
    add_completion=False,
    rich_markup_mode="rich",
    pretty_exceptions_enable=False,
    help="QuantScout: which five micro-cap perpetuals may move next, why, and what was missing. "
    "Reads public data only; never trades.",
)
problems = open_console(stderr=True)


def main() -> None:
    """Run the command line; a person sees one line per error, never a traceback."""
    try:
        app()
    except QuantScoutError as error:
        _fail(error)


def _fail(error: QuantScoutError) -> NoReturn:
    problems.print(Text.assemble(("error:", "bold red"), f" {error}"), soft_wrap=True)
    raise SystemExit(EXIT_BAD_INPUT if isinstance(error, InputError) else EXIT_FAILED) from error


@app.callback(invoke_without_command=True)
def _version(
    *, version: Annotated[bool, typer.Option("--version", help="Print the version and exit.")] = False
) -> None:
    if version:
        typer.echo(f"quantscout {__version__}")
        raise typer.Exit


@app.command()
def run(
    *,
    market: Annotated[
        Path | None, typer.Option(help="A market archive; without it the embedded synthetic market is used.")
    ] = None,
    live: Annotated[
        bool, typer.Option("--live", help="Ask the venues' public endpoints instead of the simulator.")
    ] = False,
    at: Annotated[
        str | None, typer.Option(help="The full UTC hour, e.g. 2026-03-01T12:00Z (default: the market's own).")
    ] = None,
    real_only: Annotated[
        bool, typer.Option("--real-only", help="Serve only real series of the archive; what it lacks is missing.")
    ] = False,
    out: Annotated[
        Path, typer.Option(help="Folder for report.json, email.txt, sms.txt, universe.parquet, run.log.")
    ] = OUT,
) -> None:
    """Run one hour on the local stack: AWS and the venues on loopback, the real handlers, the real events."""
    from quantscout.clock import parse_hour  # noqa: PLC0415 - the help must not wait for boto3 and polars
    from quantscout_local.hour import Ask, run_hour  # noqa: PLC0415

    if live and market is not None:
        raise InputError("--live and --market exclude each other: choose where the data comes from")
    if real_only and market is None:
        raise InputError("--real-only needs --market DIR: the embedded market holds no real series")
    raise SystemExit(run_hour(Ask(None if at is None else parse_hour(at), market, live, real_only, out)))


@app.command()
def explain(
    symbol: Annotated[
        str, typer.Argument(help="A coin, house symbol or contract: PEPE, PEPE-USDT-PERP, 1000PEPEUSDT.")
    ],
    out: Annotated[Path, typer.Option(help="The folder of an earlier `quantscout run`.")] = OUT,
) -> None:
    """Explain why a contract was or was not picked in the hour that was run last."""
    from quantscout_local.explain import explain_symbol  # noqa: PLC0415 - as above

    explain_symbol(symbol, out)


@app.command()
def schema() -> None:
    """Print the JSON Schema of the report (published as docs/report.schema.json)."""
    from quantscout_local.schema import report_schema_text  # noqa: PLC0415 - as above

    typer.echo(report_schema_text(), nl=False)
