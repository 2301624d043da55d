"""The commands about one hour: run it, keep its tape, ask why a contract was picked or not, and which coin it is."""

import os
from pathlib import Path
from typing import Annotated, NoReturn

import typer

from quantscout.errors import InputError
from quantscout_local.cli_app import HOUR, App
from quantscout_local.out_folder import check_folder
from quantscout_local.terminal import open_console

OUT = Path("out")
TAPE = OUT / "tape.qst"

Market = Annotated[
    Path | None,
    typer.Option(help="A market archive (docs/archive.md); without it the embedded synthetic market is used."),
]
Live = Annotated[bool, typer.Option("--live", help="Ask the venues' public endpoints instead of the simulator.")]
At = Annotated[str | None, typer.Option(help="The full UTC hour, e.g. 2026-03-01T12:00Z (default: the market's own).")]
RealOnly = Annotated[
    bool, typer.Option("--real-only", help="Serve only real series of the archive; what it lacks is missing.")
]
ChosenSettings = Annotated[
    str | None,
    typer.Option(
        "--settings",
        metavar="<json or file>",
        help="Settings (docs/scoring.md) as a JSON object or a file that holds one; with --real-only they stand above "
        "those under which an archive can be ranked.",
        show_default="QUANTSCOUT_SETTINGS",
    ),
]
Folder = Annotated[Path, typer.Option(help="The folder of an earlier `quantscout run`.")]

app = App()


@app.command(rich_help_panel=HOUR)
def run(  # noqa: PLR0913 - each is one thing that a person can ask for
    *,
    market: Market = None,
    live: Live = False,
    at: At = None,
    real_only: RealOnly = False,
    settings: ChosenSettings = None,
    tape: Annotated[
        Path | None, typer.Option(help="Repeat the hour of a tape (quantscout record), without a network.")
    ] = None,
    out: Annotated[
        Path, typer.Option(help="Folder for report.json, email.txt, sms.txt, universe.parquet, run.log.")
    ] = OUT,
) -> None:
    """Run one hour on the local stack: AWS and the venues on loopback, the real handlers, the real events.

    Exit status: 0 done, 1 failed, 2 bad input, 3 done but the hour has no data (no_data).
    """
    if tape is None:
        _run_hour(market, at, out, None, settings, live=live, real_only=real_only)
    if live or real_only or market is not None or at is not None or settings is not None:
        raise InputError(
            "--tape takes no --market, --live, --at or --real-only, and no --settings: the tape holds hour, data and "
            "settings"
        )
    from quantscout_local.replay import run_tape  # noqa: PLC0415 - the help must not wait for boto3 and polars

    check_folder(out)
    raise SystemExit(run_tape(tape, out))


@app.command(rich_help_panel=HOUR)
def record(  # noqa: PLR0913 - as above
    *,
    market: Market = None,
    live: Live = False,
    at: At = None,
    real_only: RealOnly = False,
    settings: ChosenSettings = None,
    out: Annotated[Path, typer.Option(help="The tape; the other files of a run go into its folder.")] = TAPE,
) -> None:
    """Run one hour as `run` does, and keep its tape: all that it asked and was answered, to be repeated at will.

    Exit status as that of `run`.
    """
    if out.is_dir():
        raise InputError(f"{out} is a folder; name the tape's file, e.g. --out {out / TAPE.name}")
    _run_hour(market, at, out.parent, out, settings, live=live, real_only=real_only)


def _run_hour(  # noqa: PLR0913 - as above
    market: Path | None,
    at: str | None,
    out: Path,
    tape: Path | None,
    settings: str | None,
    *,
    live: bool,
    real_only: bool,
) -> NoReturn:
    from quantscout.clock import parse_hour  # noqa: PLC0415 - as above
    from quantscout_local.hour import Ask, build_settings, run_hour  # noqa: PLC0415

    if live and market is not None:
        raise InputError("--live and --market exclude each other: choose where the data comes from")
    if real_only and market is None:
        raise InputError("--real-only needs --market DIR: the embedded market holds no real series")
    hour = None if at is None else parse_hour(at)
    chosen = build_settings(settings, os.environ, real_only=real_only)
    check_folder(out)
    raise SystemExit(run_hour(Ask(hour, market, live, real_only, out, tape, chosen)))


@app.command(rich_help_panel=HOUR)
def explain(
    symbols: Annotated[
        list[str], typer.Argument(help="Coins, house symbols or contracts: PEPE, PEPE-USDT-PERP, 1000PEPUSDT.")
    ],
    *,
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
    as_json: Annotated[bool, typer.Option("--json", help="Print the same as JSON, an object per contract.")] = False,
) -> None:
    """Explain why contracts were or were not picked: in the hour that was run last, or in any hour of a table."""
    from quantscout.clock import parse_hour  # noqa: PLC0415 - as above
    from quantscout_local.account import asking  # noqa: PLC0415
    from quantscout_local.explain import SHOWN, explain_symbols  # noqa: PLC0415
    from quantscout_local.explained_hour import read_folder, read_table  # noqa: PLC0415

    if (at is None) != (table is None):
        raise InputError("--at HOUR and --table NAME belong together: the hour, and the stack's table that holds it")
    if at is None or table is None:
        hour = read_folder(out or OUT, SHOWN)
    elif out is not None:
        raise InputError("--out and --table exclude each other: choose where the hour is read from")
    else:
        with asking(f"the table '{table}'"):
            hour = read_table(table, parse_hour(at), SHOWN)
    explain_symbols(symbols, hour, as_json=as_json)


@app.command(rich_help_panel=HOUR)
def sensitivity(
    *,
    out: Folder = OUT,
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


@app.command(rich_help_panel=HOUR)
def coins(
    symbol: Annotated[str | None, typer.Argument(help="A coin, contract or CoinGecko id; without it all.")] = None,
    *,
    out: Folder = OUT,
    as_json: Annotated[bool, typer.Option("--json", help="Print the same as JSON, an object per contract.")] = False,
) -> None:
    """Print which coin each contract is, by which sources and prices, in the hour that was run last."""
    from quantscout_local.coins import print_coins  # noqa: PLC0415 - as above

    print_coins(symbol, out, as_json=as_json)
