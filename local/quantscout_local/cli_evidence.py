"""The commands about what the screener is worth: history replayed, figures, checks."""

from contextlib import nullcontext
from pathlib import Path
from typing import Annotated

import typer

from quantscout.errors import InputError
from quantscout_local.account import asking
from quantscout_local.cli_app import ARCHIVE, App
from quantscout_local.evidence import REPLAY_OUT

PAGE_OUT = Path("out") / "evidence.html"

ReplaySettings = Annotated[
    str | None,
    typer.Option(
        "--settings",
        metavar="<json or file>",
        help="Settings as a JSON object or a file that holds one; default: those under which an archive can be ranked "
        "at all. QUANTSCOUT_SETTINGS is not asked.",
    ),
]

app = App()


@app.command(rich_help_panel=ARCHIVE)
def replay(  # noqa: PLR0913 - each is one thing that a person can ask for
    *,
    market: Annotated[Path, typer.Option(help="A market archive: a folder of recorded series (docs/archive.md).")],
    first: Annotated[
        str | None, typer.Option("--from", help="First day (2025-10-18) or full UTC hour; default: the archive's own.")
    ] = None,
    last: Annotated[
        str | None, typer.Option("--to", help="Last day or hour, included; default: the archive's own.")
    ] = None,
    out: Annotated[
        Path, typer.Option(help="Folder of the result; a replay that was stopped goes on in it.")
    ] = REPLAY_OUT,
    settings: ReplaySettings = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print the summary as JSON.")] = False,
) -> None:
    """Judge every hour of an archive with the product's gate and score, and look up what came after."""
    from quantscout_local.evidence.replay_command import Asked, run  # noqa: PLC0415 - the help must not wait for it

    run(Asked(market, first, last, out, settings), as_json=as_json)


@app.command(rich_help_panel=ARCHIVE)
def kpis(  # noqa: PLR0913 - as above
    *,
    replay: Annotated[
        Path | None, typer.Option(help=f"The folder of an earlier `quantscout replay` (default: {REPLAY_OUT}).")
    ] = None,
    table: Annotated[
        str | None, typer.Option(help="Instead: a deployed stack's table (its output TableName), for its live picks.")
    ] = None,
    seed: Annotated[int, typer.Option(min=0, help="The same seed gives the same intervals.")] = 1,
    samples: Annotated[int, typer.Option(min=100, help="How often hours are drawn again for the intervals.")] = 2000,
    blocks_h: Annotated[int, typer.Option("--blocks", min=1, help="Mean length of the drawn blocks, hours.")] = 24,
    trials: Annotated[
        int, typer.Option(min=1, help="How many settings were tried before these: told, not corrected for.")
    ] = 1,
    method: Annotated[
        str | None, typer.Option(help="With --table: only hours ranked by this version of the method (1.1.0).")
    ] = None,
    config: Annotated[
        str | None, typer.Option(help="With --table: only hours ranked by settings with this hash (12 digits).")
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print the figures as JSON.")] = False,
) -> None:
    """Tell what the picks were worth: hit rates, lift over matched controls, returns, risk (docs/statistics.md)."""
    from quantscout_local.evidence.kpis_command import Ask, run_kpis  # noqa: PLC0415 - as above

    with asking(f"the table '{table}'") if table else nullcontext():
        run_kpis(Ask(replay, table, seed, samples, blocks_h, trials, method, config), as_json=as_json)


@app.command(rich_help_panel=ARCHIVE)
def evidence(  # noqa: PLR0913 - as above
    *,
    replay: Annotated[Path, typer.Option(help="The folder of an earlier `quantscout replay`.")] = REPLAY_OUT,
    market: Annotated[
        Path | None, typer.Option(help="The archive that was replayed: the bars of the best and worst picks.")
    ] = None,
    out: Annotated[Path, typer.Option(help="The page: one file that loads nothing.")] = PAGE_OUT,
    seed: Annotated[int, typer.Option(min=0, help="The same seed gives the same intervals.")] = 1,
    samples: Annotated[int, typer.Option(min=100, help="How often hours are drawn again for the intervals.")] = 2000,
    blocks_h: Annotated[int, typer.Option("--blocks", min=1, help="Mean length of the drawn blocks, hours.")] = 24,
    trials: Annotated[
        int, typer.Option(min=1, help="How many settings were tried before these: told, not corrected for.")
    ] = 1,
) -> None:
    """Write the page of a replay: figures with intervals, charts, picks (docs/evidence-page.md)."""
    from quantscout_local.evidence.page_command import Ask, write_evidence  # noqa: PLC0415 - as above

    size = write_evidence(Ask(replay, market, out, seed, samples, blocks_h, trials))
    typer.echo(f"{out}: {size:,} bytes")


@app.command(rich_help_panel=ARCHIVE)
def ablate(  # noqa: PLR0913 - as above
    *,
    replay: Annotated[Path, typer.Option(help="The folder of an earlier `quantscout replay`.")] = REPLAY_OUT,
    market: Annotated[
        Path | None, typer.Option(help="With --gates: the archive that it was replayed from; each gate is a replay.")
    ] = None,
    gates: Annotated[bool, typer.Option("--gates", help="Let each gate open, too; needs --market.")] = False,
    out: Annotated[Path, typer.Option(help="With --gates: where the replays are kept.")] = Path("out") / "ablate",
    seed: Annotated[int, typer.Option(min=0, help="The same seed gives the same intervals.")] = 1,
    samples: Annotated[int, typer.Option(min=100, help="How often hours are drawn again for the intervals.")] = 2000,
    blocks_h: Annotated[int, typer.Option("--blocks", min=1, help="Mean length of the drawn blocks, hours.")] = 24,
    as_json: Annotated[bool, typer.Option("--json", help="Print the table as JSON.")] = False,
) -> None:
    """Tell what each part of the score is worth: all hours ranked again without it (docs/tuning.md)."""
    from quantscout_local.evidence.ablate_command import Ask, run_ablate  # noqa: PLC0415 - as above

    if gates != (market is not None):
        raise InputError(
            "--gates and --market DIR belong together: letting a gate open needs the archive replayed again"
        )
    run_ablate(Ask(replay, market, out, seed, samples, blocks_h), as_json=as_json)


@app.command(rich_help_panel=ARCHIVE)
def tune(  # noqa: PLR0913 - as above
    *,
    replay: Annotated[Path, typer.Option(help="The folder of an earlier `quantscout replay`.")] = REPLAY_OUT,
    trials: Annotated[int, typer.Option(help="How many weights are tried, rounded up to a multiple of 8.")] = 200,
    objective: Annotated[
        str, typer.Option(help="What is raised: lift (over matched controls), precision, net (return) or sharpe.")
    ] = "lift",
    seed: Annotated[int, typer.Option(min=0, help="The same seed gives the same result.")] = 1,
    study: Annotated[
        Path | None, typer.Option(help="The file of the trials that are done; a sweep goes on in it.")
    ] = None,
    address: Annotated[
        str | None, typer.Option(help="A Ray cluster: auto, HOST:PORT of its head, or ray://HOST:PORT.")
    ] = None,
    jobs: Annotated[
        int | None, typer.Option(min=1, help="Workers on this machine (default: all cores); 1 needs no Ray.")
    ] = None,
    reach: Annotated[float, typer.Option(help="How many times a weight may grow or shrink before sharing.")] = 4.0,
    out: Annotated[Path, typer.Option(help="Folder for the proposal and all figures.")] = Path("out") / "tune",
    samples: Annotated[int, typer.Option(min=100, help="How often hours are drawn again for the intervals.")] = 2000,
    blocks_h: Annotated[int, typer.Option("--blocks", min=1, help="Mean length of the drawn blocks, hours.")] = 24,
    as_json: Annotated[bool, typer.Option("--json", help="Print all figures as JSON.")] = False,
) -> None:
    """Propose weights by the first 60 % of a replay's hours, judged on the rest; changes nothing (docs/tuning.md)."""
    from quantscout_local.evidence.tune_command import Asked, run_tune  # noqa: PLC0415 - as above

    asked = Asked(replay, out, trials, objective, seed, study, jobs, address, reach, samples, blocks_h)
    run_tune(asked, as_json=as_json)


@app.command("check-lookahead", rich_help_panel=ARCHIVE)
def check_lookahead(  # noqa: PLR0913 - as above
    *,
    market: Annotated[Path, typer.Option(help="A market archive: a folder of recorded series (docs/archive.md).")],
    hours: Annotated[int, typer.Option(min=1, help="How many random hours are checked.")] = 5,
    seed: Annotated[int, typer.Option(min=0, help="The same seed takes the same hours and alters them alike.")] = 1,
    first: Annotated[str | None, typer.Option("--from", help="First day or full UTC hour to choose from.")] = None,
    last: Annotated[str | None, typer.Option("--to", help="Last day or hour to choose from, included.")] = None,
    factors: Annotated[
        Path | None,
        typer.Option(help="A Python file with FACTORS = (Factor(...), ...) of your own; it is run, so read it first."),
    ] = None,
    settings: ReplaySettings = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print the result as JSON.")] = False,
) -> None:
    """Alter everything after random hours, and see that nothing said of them moves (docs/bias-checks.md)."""
    from quantscout_local.evidence.check_command import run_lookahead  # noqa: PLC0415 - as above
    from quantscout_local.evidence.check_hours import build_ask  # noqa: PLC0415

    raise SystemExit(run_lookahead(build_ask(market, hours, seed, first, last, settings, factors), as_json=as_json))


@app.command("check-warmup", rich_help_panel=ARCHIVE)
def check_warmup(  # noqa: PLR0913 - as above
    *,
    market: Annotated[Path, typer.Option(help="A market archive: a folder of recorded series (docs/archive.md).")],
    hours: Annotated[int, typer.Option(min=1, help="How many random hours are checked.")] = 5,
    seed: Annotated[int, typer.Option(min=0, help="The same seed takes the same hours.")] = 1,
    first: Annotated[str | None, typer.Option("--from", help="First day or full UTC hour to choose from.")] = None,
    last: Annotated[str | None, typer.Option("--to", help="Last day or hour to choose from, included.")] = None,
    settings: ReplaySettings = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print the result as JSON.")] = False,
) -> None:
    """Tell how much history each figure needs, and that none depends on rows before its window."""
    from quantscout_local.evidence.check_command import run_warmup  # noqa: PLC0415 - as above
    from quantscout_local.evidence.check_hours import build_ask  # noqa: PLC0415

    raise SystemExit(run_warmup(build_ask(market, hours, seed, first, last, settings), as_json=as_json))
