"""`quantscout subscriptions`: who hears of what, is it confirmed, and by which filter."""

import json
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Literal, NamedTuple

from rich.box import SIMPLE_HEAD
from rich.table import Table
from rich.text import Text

from quantscout_local.account import asking, open_session, output_of, stack_outputs
from quantscout_local.terminal import open_console

if TYPE_CHECKING:
    from mypy_boto3_sns import SNSClient
    from rich.console import Console

State = Literal["confirmed", "pending", "deleted"]
OUTPUTS = ("ReportTopicArn", "AlarmTopicArn")
NO_ARN: dict[str, State] = {"PendingConfirmation": "pending", "Deleted": "deleted"}
"""What stands for the ARN of a subscription that has none."""
STYLES: dict[State, str] = {"confirmed": "green", "pending": "yellow", "deleted": "red"}
HINTS: dict[State, str] = {
    "pending": "waits for its confirmation, for 48 hours (docs/subscriptions.md)",
    "deleted": "hears nothing any more; SNS's last e-mail has a link back (docs/subscriptions.md)",
}
OPEN_TO_ANYBODY = "whoever opens its unsubscribe link ends it, a mail scanner too (docs/subscriptions.md)"
MAIL = frozenset({"email", "email-json"})


class Subscription(NamedTuple):
    """One subscriber of a topic; without a filter policy it hears of everything."""

    topic: str
    protocol: str
    endpoint: str
    state: State
    filter_policy: object | None
    filter_scope: str | None
    unsubscribe_needs_login: bool | None
    """None where SNS does not say."""

    def hint(self) -> str:
        """Return what a person should know of it, empty if nothing."""
        if self.state == "confirmed" and self.protocol in MAIL and self.unsubscribe_needs_login is False:
            return OPEN_TO_ANYBODY
        return HINTS.get(self.state, "")


def run_subscriptions(stack: str, topics: Sequence[str], *, as_json: bool) -> None:
    """Print the subscribers of the topics, or of a stack's two (InputError where they cannot be asked)."""
    session = open_session()
    if not topics:
        outputs = stack_outputs(session, stack)
        topics = [output_of(outputs, key, stack) for key in OUTPUTS]
    sns = session.client("sns")
    found = {topic: list(read_topic(sns, topic)) for topic in topics}
    if as_json:
        print(json.dumps({topic: [row._asdict() for row in rows] for topic, rows in found.items()}, indent=2))
    else:
        for topic, rows in found.items():
            print_topic(open_console(), topic, rows)


def read_topic(sns: "SNSClient", topic: str) -> Iterator[Subscription]:
    """Return a topic's subscriptions with their attributes (InputError, QuantScoutError)."""
    with asking(f"the subscriptions of {topic}"):
        for page in sns.get_paginator("list_subscriptions_by_topic").paginate(TopicArn=topic):
            for row in page["Subscriptions"]:
                yield _subscription(sns, topic, row["SubscriptionArn"], row["Protocol"], row["Endpoint"])


def _subscription(sns: "SNSClient", topic: str, arn: str, protocol: str, endpoint: str) -> Subscription:
    if arn in NO_ARN:
        return Subscription(topic, protocol, endpoint, NO_ARN[arn], None, None, None)
    said = sns.get_subscription_attributes(SubscriptionArn=arn)["Attributes"]
    state: State = "pending" if said.get("PendingConfirmation") == "true" else "confirmed"
    policy = json.loads(said["FilterPolicy"]) if said.get("FilterPolicy") else None
    scope = said.get("FilterPolicyScope", "MessageAttributes") if policy else None
    login = {"true": True, "false": False}.get(said.get("ConfirmationWasAuthenticated", ""))
    return Subscription(topic, protocol, endpoint, state, policy, scope, login)


def print_topic(console: "Console", topic: str, rows: Sequence[Subscription]) -> None:
    """Print one topic's subscribers as a table, and what a person should know of them."""
    console.print(Text(topic, "bold"), soft_wrap=True)
    if not rows:
        console.print("  nobody is subscribed; see docs/subscriptions.md\n", style="yellow")
        return
    table = Table(box=SIMPLE_HEAD, pad_edge=False)
    for name in ("protocol", "endpoint", "state", "filter", "scope"):
        table.add_column(name, overflow="fold")
    for row in rows:
        policy = "everything" if row.filter_policy is None else json.dumps(row.filter_policy)
        state = Text(row.state, STYLES[row.state])
        table.add_row(row.protocol, Text(row.endpoint), state, Text(policy), row.filter_scope or "-")
    console.print(table)
    for row in rows:
        if row.hint():
            console.print(Text(f"  {row.endpoint}: {row.hint()}", "yellow"), soft_wrap=True)
