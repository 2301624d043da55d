"""The commands about a person's own place and stack: can it reach the sources, who is subscribed, what failed."""

import os
from typing import Annotated

import typer

from quantscout_local.cli_app import STACK as PANEL
from quantscout_local.cli_app import App

STACK_NAME = "quantscout"
"""As in samconfig.toml."""

Stack = Annotated[str, typer.Option(help="The deployed stack, in the region and account of your credentials.")]
QueueUrl = Annotated[
    str | None, typer.Option("--queue", help="The failure queue's URL, instead of the stack's output FailureQueueUrl.")
]
AsJson = Annotated[bool, typer.Option("--json", help="Print the answer as JSON.")]

app = App()
failures = App(no_args_is_help=True, help="List what lies in the failure queue, and send it again (docs/failures.md).")
app.add_typer(failures, name="failures", rich_help_panel=PANEL)


@app.command(rich_help_panel=PANEL)
def doctor(
    *,
    keys_secret: Annotated[
        str | None,
        typer.Option(help="Secrets Manager secret with the keys; else COINALYZE_API_KEY and COINGECKO_API_KEY count."),
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print the diagnosis as JSON.")] = False,
) -> None:
    """Check from here every source: can it be reached, clock, limits, keys, and what its documentation leaves open."""
    from quantscout_local.doctor import run_doctor  # noqa: PLC0415 - the help must not wait for it

    raise SystemExit(run_doctor(os.environ, keys_secret, as_json=as_json))


@app.command(rich_help_panel=PANEL)
def subscriptions(
    *,
    stack: Stack = STACK_NAME,
    topic: Annotated[
        list[str] | None, typer.Option(help="A topic's ARN, instead of the stack's two; may be given several times.")
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Show who hears of what: each topic's subscribers with their state and filter policy (docs/subscriptions.md)."""
    from quantscout_local.subscriptions import run_subscriptions  # noqa: PLC0415 - as above

    run_subscriptions(stack, topic or [], as_json=as_json)


@failures.command(name="list")
def list_failures(*, stack: Stack = STACK_NAME, queue: QueueUrl = None, as_json: AsJson = False) -> None:
    """List starts that were not delivered and runs that failed; nothing is taken out of the queue."""
    from quantscout_local.failures import run_list  # noqa: PLC0415 - as above

    run_list(stack, queue, as_json=as_json)


@failures.command(name="replay")
def replay_failures(
    *,
    stack: Stack = STACK_NAME,
    queue: QueueUrl = None,
    everything: Annotated[bool, typer.Option("--all", help="Send everything again, oldest first.")] = False,
    ids: Annotated[
        list[str] | None, typer.Option("--id", help="The first letters of a message's id; may be given several times.")
    ] = None,
) -> None:
    """Call the functions again with the original events; a message goes when Lambda has accepted its call."""
    from quantscout_local.failures import run_replay  # noqa: PLC0415 - as above

    raise SystemExit(run_replay(stack, queue, ids or [], everything=everything))
