"""The command line: its commands, its help, and how it ends."""

from typing import Annotated, NoReturn

import typer
from rich.text import Text

from quantscout import __version__
from quantscout.errors import InputError, QuantScoutError
from quantscout_local import cli_account, cli_evidence, cli_hour
from quantscout_local.cli_app import PAGES, App
from quantscout_local.terminal import open_console, quiet_pipe

EXIT_BAD_INPUT = 2
EXIT_FAILED = 1

app = App(
    no_args_is_help=True,
    add_completion=False,
    rich_markup_mode="rich",
    pretty_exceptions_enable=False,
    help="QuantScout: which five micro-cap perpetuals may move next, why, and what was missing. "
    "Reads public data only; never trades.",
)
app.add_typer(cli_hour.app)
app.add_typer(cli_evidence.app)
app.add_typer(cli_account.app)
pages = App()
problems = open_console(stderr=True)


def main() -> None:
    """Run the command line; a person sees one line per error, never a traceback."""
    try:
        with quiet_pipe():
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


@pages.command(rich_help_panel=PAGES)
def schema() -> None:
    """Print the JSON Schema of the report (published as docs/report.schema.json)."""
    from quantscout_local.schema import report_schema_text  # noqa: PLC0415 - the help must not wait for it

    typer.echo(report_schema_text(), nl=False)


@pages.command(rich_help_panel=PAGES)
def scoring() -> None:
    """Print how the score is made: factors, gates, flags, reasons, settings (published as docs/scoring.md)."""
    from quantscout_local.scoring_doc import scoring_text  # noqa: PLC0415 - as above

    typer.echo(scoring_text(), nl=False)


app.add_typer(pages)  # the last panel of the help
