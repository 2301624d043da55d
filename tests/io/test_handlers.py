"""The real handlers on the embedded market: scheduled event in, message out, over sockets all the way."""

import json
from collections.abc import Iterator
from typing import Any

import jsonschema
import pytest

from quantscout.clock import to_ms
from quantscout.errors import InputError, StateError
from quantscout.store import Store
from quantscout_local.hour import EMBEDDED_HOUR
from quantscout_local.schema import report_schema_text
from quantscout_local.stack import LocalStack

KEYS = {"coinalyze_api_key": "key-of-coinalyze-7f3a", "coingecko_api_key": "key-of-coingecko-9b1c"}
SCHEDULED = {"scheduled_at": "2026-11-01T12:00:00Z"}
SETTINGS = '{"alert_on_no_signal": true, "history_h": 120}'
"""A risk-off hour is published, too; and a month would take most of the time that all these tests have."""

pytestmark = pytest.mark.e2e


@pytest.fixture(scope="module")
def embedded() -> Iterator[LocalStack]:
    """Return the embedded market after its backfill and one scheduled hour."""
    with LocalStack(EMBEDDED_HOUR, keys=KEYS, settings_json=SETTINGS) as stack:
        stack.invoke("backfill", SCHEDULED)
        stack.invoke("screen", SCHEDULED)
        yield stack


@pytest.fixture(scope="module")
def message(embedded: LocalStack) -> dict[str, Any]:
    """Return the first message that the subscribed queue received."""
    return embedded.messages()[0]


def test_the_received_message_validates_against_the_schema(message: dict[str, Any]) -> None:
    """What a subscriber gets is what the published schema promises."""
    jsonschema.Draft202012Validator(json.loads(report_schema_text())).validate(message["body"])
    assert (message["body"]["hour"], len(message["body"]["ranked_gems"])) == ("2026-11-01T12:00:00Z", 5)


def test_the_message_is_the_stored_report(embedded: LocalStack, message: dict[str, Any]) -> None:
    """Subscriber and state hold the same text."""
    stored = Store(embedded.table).load_report(to_ms(EMBEDDED_HOUR))
    assert stored is not None
    assert message["raw"] == stored.to_json()


def test_the_attributes_are_those_of_the_report(message: dict[str, Any]) -> None:
    """Filter policies see the report's own values, numbers as numbers."""
    body = message["body"]
    attributes = message["attributes"]
    about = {"status", "regime", "low_confidence", "top_score", "new_entrants", "schema_version"}
    assert attributes.keys() == {*about, "run_id", "attempt"}
    assert (attributes["run_id"], attributes["attempt"]) == (body["run_id"], 1)
    texts = (body["status"], body["regime"]["name"], str(body["low_confidence"]).lower(), body["schema_version"])
    assert tuple(attributes[name] for name in ("status", "regime", "low_confidence", "schema_version")) == texts
    assert attributes["top_score"] == pytest.approx(max(gem["score"] for gem in body["ranked_gems"]), abs=0.001)
    assert attributes["new_entrants"] == 5


def test_the_subject_is_one_line(message: dict[str, Any]) -> None:
    """The e-mail's subject is short, printable and in ASCII."""
    assert message["subject"].isascii()
    assert message["subject"].isprintable()
    assert len(message["subject"]) < 100


def test_every_contract_has_its_fate(embedded: LocalStack, message: dict[str, Any]) -> None:
    """The funnel adds up, and the universe holds a row per listed contract of both venues."""
    funnel = message["body"]["funnel"]
    universe = Store(embedded.table).load_universe(to_ms(EMBEDDED_HOUR))
    assert universe is not None
    assert funnel["listed"] == universe.height == 1289
    assert funnel["ranked"] + sum(funnel["by_reason"].values()) == funnel["listed"]


def test_what_was_simulated_is_said(message: dict[str, Any]) -> None:
    """No number of a made-up market passes for a measured one."""
    said = [warning for warning in message["body"]["warnings"] if "simulated, not measured" in warning]
    assert [warning.partition(":")[0] for warning in said] == ["binance", "kucoin", "coinalyze", "coingecko"]


def test_the_keys_appear_nowhere(embedded: LocalStack) -> None:
    """Neither log nor message nor table holds a key, and no function has one in its environment."""
    seen = [embedded.log, repr(embedded.messages()), repr(embedded.messages("alarm")), repr(embedded.table.scan())]
    seen += [repr(embedded.environment(verb)) for verb in ("screen", "backfill")]
    assert "hour done" in embedded.log
    assert not [key for key in KEYS.values() for text in seen if key in text]


def test_both_sources_with_keys_were_used(message: dict[str, Any]) -> None:
    """The keys reached the sources, although nobody can see them."""
    assert {name: message["body"]["sources"][name]["ok"] for name in ("coinalyze", "coingecko")} == {
        "coinalyze": True,
        "coingecko": True,
    }


def test_an_item_stays_below_the_limit_of_the_service(embedded: LocalStack) -> None:
    """With 1,289 contracts no block comes near 400 KB."""
    items: list[Any] = embedded.table.scan(ProjectionExpression="#data", ExpressionAttributeNames={"#data": "data"})[
        "Items"
    ]
    assert max(len(bytes(item["data"].value)) for item in items if "data" in item) < 390_000


def test_a_second_backfill_finds_nothing_to_do(embedded: LocalStack) -> None:
    """But for the bars that the venue does not have, the state is whole."""
    answer = embedded.invoke("backfill", SCHEDULED)
    assert answer["complete"]
    assert sum(venue["rows"] for venue in answer["venues"]) == 0


@pytest.mark.parametrize(
    ("event", "said"),
    [
        ({}, 'either "scheduled_at" or "at"'),
        ({"at": "2026-11-01T12:30:00Z"}, '"at" must be a full hour'),
        ({"scheduled_at": "<aws.scheduler.scheduled-time>"}, "scheduled_at: "),
        ({"at": "2026-11-01T14:00:00Z"}, "has not closed yet"),
    ],
)
def test_a_bad_event_is_refused_and_nothing_is_published(
    embedded: LocalStack, event: dict[str, Any], said: str
) -> None:
    """An event that cannot be used names what is wrong; no message goes out."""
    before = len(embedded.messages()), len(embedded.messages("alarm"))
    with pytest.raises(InputError, match=said):
        embedded.invoke("screen", event)
    assert (len(embedded.messages()), len(embedded.messages("alarm"))) == before


def test_a_missing_table_is_a_state_error_and_nothing_is_published(
    embedded: LocalStack, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Without its table the run names it and the next step, and publishes nothing."""
    variables = embedded.environment
    monkeypatch.setattr(embedded, "environment", lambda verb: variables(verb) | {"TABLE_NAME": "nowhere"})
    monkeypatch.setattr(embedded, "_handlers", {})
    before = len(embedded.messages()), len(embedded.messages("alarm"))
    with pytest.raises(StateError, match=r"table 'nowhere'.*deploy the stack"):
        embedded.invoke("screen", SCHEDULED)
    assert (len(embedded.messages()), len(embedded.messages("alarm"))) == before
