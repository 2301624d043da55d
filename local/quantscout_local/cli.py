"""The command line: run an hour on this machine, and ask why a contract was or was not picked."""

import os
from pathlib import Path
from typing import Annotated, NoReturn

import typer
from rich.text import Text

from quantscout import __version__
from quantscout.errors import InputError, QuantScoutError
from quantscout_local import cli_account, cli_evidence
from quantscout_local.terminal import open_console

OUT = Path("out")
TAPE = OUT / "tape.qst"
EXIT_BAD_INPUT = 2
EXIT_FAILED = 1

Market = Annotated[
    Path | None, typer.Option(help="A market archive; without it the embedded synthetic market is used.")
]
Live = Annotated[bool, typer.Option("--live", help="Ask the venues' public endpoints instead of the simulator.")]
At = Annotated[str | None, typer.Option(help="The full UTC hour, e.g. 2026-03-01T12:00Z (default: the market's own).")]
RealOnly = Annotated[
    bool, typer.Option("--real-only", help="Serve only real series of the archive; what it lacks is missing.")
]

app = typer.Typer(
    no_args_is_help=True,
    add_completion=False,
    rich_markup_mode="rich",
    pretty_exceptions_enable=False,
    help="QuantScout: which five micro-cap perpetuals may move next, why, and what was missing. "
    "Reads public data only; never trades.",
)
app.add_typer(cli_account.app)
app.add_typer(cli_evidence.app)
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
def run(  # noqa: PLR0913 - each is one thing that a person can ask for
    *,
    market: Market = None,
    live: Live = False,
    at: At = None,
    real_only: RealOnly = False,
    tape: Annotated[
        Path | None, typer.Option(help="Repeat the hour of a tape (quantscout record), without a network.")
    ] = None,
    out: Annotated[
        Path, typer.Option(help="Folder for report.json, email.txt, sms.txt, universe.parquet, run.log.")
    ] = OUT,
) -> None:
    """Run one hour on the local stack: AWS and the venues on loopback, the real handlers, the real events."""
    if tape is not None:
        if live or real_only or market is not None or at is not None:
            raise InputError("--tape takes no --market, --live, --at or --real-only: the tape holds hour and data")
        from quantscout_local.replay import run_tape  # noqa: PLC0415 - the help must not wait for boto3 and polars

        raise SystemExit(run_tape(tape, out))
    _run_hour(market, at, out, None, live=live, real_only=real_only)


@app.command()
def record(
    *,
    market: Market = None,
    live: Live = False,
    at: At = None,
    real_only: RealOnly = False,
    out: Annotated[Path, typer.Option(help="The tape; the other files of a run go into its folder.")] = TAPE,
) -> None:
    """Run one hour as `run` does, and keep its tape: all that it asked and was answered, to be repeated at will."""
    if out.is_dir():
        raise InputError(f"{out} is a folder; name the tape's file, e.g. --out {out / TAPE.name}")
    _run_hour(market, at, out.parent, out, live=live, real_only=real_only)


def _run_hour(  # noqa: PLR0913 - as above
    market: Path | None, at: str | None, out: Path, tape: Path | None, *, live: bool, real_only: bool
) -> NoReturn:
    from quantscout.clock import parse_hour  # noqa: PLC0415 - as above
    from quantscout_local.hour import Ask, run_hour  # noqa: PLC0415

    if live and market is not None:
        raise InputError("--live and --market exclude each other: choose where the data comes from")
    if real_only and market is None:
        raise InputError("--real-only needs --market DIR: the embedded market holds no real series")
    raise SystemExit(run_hour(Ask(None if at is None else parse_hour(at), market, live, real_only, out, tape)))


@app.command()
def explain(
    symbols: Annotated[
        list[str], typer.Argument(help="Coins, house symbols or contracts: PEPE, PEPE-USDT-PERP, 1000PEPUSDT.")
    ],
    out: Annotated[
        Path | None, typer.Option(help="The folder of an earlier `quantscout run`.", show_default=str(OUT))
    ] = None,
    at: Annotated[
        str | None, typer.Option(help="With --table: the full UTC hour to ask about, e.g. 2026-03-01T12:00Z.")
    ] = None,
    table: Annotated[
        str | None,
        typer.Option(help="A deployed stack's table (its output TableName), which keeps every hour for 30 days."),
    ] = None,
) -> None:
    """Explain why contracts were or were not picked: in the hour that was run last, or in any hour of a table."""
    from quantscout.clock import parse_hour  # noqa: PLC0415 - as above
    from quantscout_local.explain import SHOWN, explain_symbols  # noqa: PLC0415
    from quantscout_local.explained_hour import read_folder, read_table  # noqa: PLC0415

    if (at is None) != (table is None):
        raise InputError("--at HOUR and --table NAME belong together: the hour, and the stack's table that holds it")
    if at is None or table is None:
        hour = read_folder(out or OUT, SHOWN)
    elif out is not None:
        raise InputError("--out and --table exclude each other: choose where the hour is read from")
    else:
        hour = read_table(table, parse_hour(at), SHOWN)
    explain_symbols(symbols, hour)


@app.command()
def sensitivity(
    *,
    out: Annotated[Path, typer.Option(help="The folder of an earlier `quantscout run`.")] = OUT,
    as_json: Annotated[bool, typer.Option("--json", help="Print the answer as JSON.")] = False,
) -> None:
    """Rank the hour that was run last again under other weights, norms, gates and without a source: who stays?"""
    from quantscout_local.explained_hour import read_folder  # noqa: PLC0415 - as above
    from quantscout_local.sensitivity import NEEDED, measure  # noqa: PLC0415
    from quantscout_local.sensitivity_table import print_sensitivity, write_json  # noqa: PLC0415

    result = measure(read_folder(out, NEEDED))
    if as_json:
        typer.echo(write_json(result))
    else:
        print_sensitivity(open_console(), result)


@app.command()
def schema() -> None:
    """Print the JSON Schema of the report (published as docs/report.schema.json)."""
    from quantscout_local.schema import report_schema_text  # noqa: PLC0415 - as above

    typer.echo(report_schema_text(), nl=False)


@app.command()
def scoring() -> None:
    """Print how the score is made: factors, gates, flags, reasons, settings (published as docs/scoring.md)."""
    from quantscout_local.scoring_doc import scoring_text  # noqa: PLC0415 - as above

    typer.echo(scoring_text(), nl=False)


@app.command()
def coins(
    symbol: Annotated[str | None, typer.Argument(help="A coin, contract or CoinGecko id; without it all.")] = None,
    out: Annotated[Path, typer.Option(help="The folder of an earlier `quantscout run`.")] = OUT,
) -> None:
    """Print which coin each contract is, by which sources and prices, in the hour that was run last."""
    from quantscout_local.coins import print_coins  # noqa: PLC0415 - as above

    print_coins(symbol, out)


@app.command()
def doctor(
    *,
    keys_secret: Annotated[
        str | None,
        typer.Option(help="Secrets Manager secret with the keys; else COINALYZE_API_KEY and COINGECKO_API_KEY count."),
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print the diagnosis as JSON.")] = False,
) -> None:
    """Check from here every source: can it be reached, clock, limits, keys, and what its documentation leaves open."""
    from quantscout_local.doctor import run_doctor  # noqa: PLC0415 - as above

    raise SystemExit(run_doctor(os.environ, keys_secret, as_json=as_json))
