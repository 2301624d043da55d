"""The local stack: its child processes, the resources made from template.yaml, and how it calls a handler.

The handlers here are small stand-ins in a folder beside a copy of the real template; so is the simulator. The real ones
have their own tests.
"""

import os
import shutil
from collections.abc import Iterator
from datetime import datetime, timedelta, timezone
from pathlib import Path

import pytest

from quantscout.errors import InputError, QuantScoutError
from quantscout_local import handlers, resources
from quantscout_local import stack as stack_module
from quantscout_local.stack import LocalStack

pytestmark = pytest.mark.e2e

ROOT = Path(__file__).parents[2]

STAND_INS = Path(__file__).parent / "stand_ins"


def product(folder: Path) -> Path:
    """Put the real template and the stand-in handler into a folder."""
    shutil.copy(ROOT / "template.yaml", folder)
    for verb in ("screen", "backfill"):
        (folder / "functions" / verb).mkdir(parents=True)
        shutil.copy(STAND_INS / "handler.py", folder / "functions" / verb / "app.py")
    return folder


@pytest.fixture(scope="module")
def root(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a folder with the template and stand-in handlers."""
    return product(tmp_path_factory.mktemp("product"))


@pytest.fixture(scope="module")
def stack(root: Path) -> Iterator[LocalStack]:
    """Return a running stack without a simulator, shared by the tests that only look."""
    with LocalStack(live=True, keys={"coinalyze_api_key": "k1"}, settings_json='{"picks": 5}', root=root) as running:
        yield running


# ---------------------------------------------------------------- resources


def test_the_table_is_the_templates(stack: LocalStack) -> None:
    """The table's keys are those of template.yaml, under the name that CloudFormation gave it."""
    keys = [(key["AttributeName"], key["KeyType"]) for key in stack.table.key_schema]
    assert (keys, stack.table.name) == ([("pk", "HASH"), ("sk", "RANGE")], stack.resources.names["Table"])


def test_given_keys_fill_the_templates_secret(stack: LocalStack) -> None:
    """Fields that were not given stay as the template has them: empty."""
    assert stack.invoke("screen", {})["keys"] == {"coinalyze_api_key": "k1", "coingecko_api_key": ""}


def test_a_template_that_sam_refuses_is_a_clear_error(tmp_path: Path) -> None:
    """What the translator says about the template reaches the reader."""
    text = (ROOT / "template.yaml").read_text("utf-8").replace("Handler: app.handler", "Handlers: app.handler")
    (tmp_path / "template.yaml").write_text(text, "utf-8")
    with pytest.raises(QuantScoutError, match=r"template\.yaml: (.|\n)*Handlers"):
        resources.load_plan(tmp_path / "template.yaml", "{}")


# ---------------------------------------------------------------- invocations


def test_a_handler_sees_the_templates_environment(stack: LocalStack) -> None:
    """References of the template's environment are physical names by the time that the module is imported."""
    names, env = stack.resources.names, stack.invoke("screen", {})["loaded_with"]
    expected = {
        "TABLE_NAME": names["Table"],
        "REPORT_TOPIC_ARN": names["ReportTopic"],
        "ALARM_TOPIC_ARN": names["AlarmTopic"],
        "ALERT_ON": "every_hour",
        "SOURCE_KEYS_SECRET_ID": names["SourceKeysSecret"],
        "QUANTSCOUT_SETTINGS": '{"picks": 5}',
        "POWERTOOLS_SERVICE_NAME": "quantscout",
        "POWERTOOLS_LOG_LEVEL": "INFO",
    }
    assert {name: env[name] for name in expected} == expected


def test_each_function_gets_its_own_variables(stack: LocalStack) -> None:
    """The backfill knows neither topics nor secret, as the template says."""
    assert not {"REPORT_TOPIC_ARN", "SOURCE_KEYS_SECRET_ID"} & stack.environment("backfill").keys()


def test_live_venues_have_their_own_addresses_and_clock(stack: LocalStack) -> None:
    """Without a simulator no source address, no clock offset and no lifted limit is set."""
    assert not {"BINANCE_URL", "COINGECKO_URL", "CLOCK_OFFSET_S", "BUDGET_SHARE"} & stack.environment("screen").keys()


def test_the_environment_is_put_back(stack: LocalStack, monkeypatch: pytest.MonkeyPatch) -> None:
    """After a call the process has the variables from before, also after a failure."""
    monkeypatch.setenv("AWS_PROFILE", "mine")
    before = dict(os.environ)
    with pytest.raises(ValueError, match="broken"):
        stack.invoke("screen", {"fail": "broken"})
    assert dict(os.environ) == before


def test_a_persons_own_account_is_out_of_reach(stack: LocalStack, monkeypatch: pytest.MonkeyPatch) -> None:
    """A handler sees no AWS variable of the person who started the stack."""
    monkeypatch.setenv("AWS_PROFILE", "mine")
    monkeypatch.setenv("AWS_ENDPOINT_URL_SNS", "http://elsewhere.invalid")
    assert not {"AWS_PROFILE", "AWS_ENDPOINT_URL_SNS"} & stack.invoke("screen", {})["environment"].keys()


def test_the_context_is_the_functions_own(stack: LocalStack) -> None:
    """Name, ARN and remaining time are those of the invoked function."""
    answer = stack.invoke("screen", {})
    assert answer["name"] == "ScreenFunction"
    assert answer["arn"].endswith(":function:ScreenFunction")
    assert 290_000 < answer["left_ms"] <= 300_000


def test_a_test_can_shorten_the_time_that_is_left(stack: LocalStack) -> None:
    """A function that watches its remaining time can be made to run out of it."""
    assert stack.invoke("screen", {}, timeout_s=2)["left_ms"] <= 2000


def test_a_second_call_is_warm(stack: LocalStack) -> None:
    """The module is imported once per stack, as in a Lambda environment that lives on."""
    first = stack.invoke("screen", {})["calls"]
    assert stack.invoke("screen", {})["calls"] == first + 1


def test_log_lines_are_kept_apart_from_the_output(stack: LocalStack, capsys: pytest.CaptureFixture[str]) -> None:
    """What a function logs can be read from the stack, and does not mix with what a person sees."""
    stack.invoke("screen", {"sk": "a-line-to-find"})
    assert "a-line-to-find" in stack.log
    assert capsys.readouterr().out == ""


def test_a_missing_handler_is_named(tmp_path: Path) -> None:
    """A template that names a file which is not there says which one."""
    with pytest.raises(QuantScoutError, match=r"app\.py"):
        handlers.load_handler(tmp_path, "app.handler")


def test_a_published_message_arrives_with_its_envelope(stack: LocalStack) -> None:
    """The subscribed queue receives the default text, the subject and the typed attributes."""
    stack.invoke("screen", {"publish": "ok"})
    assert stack.messages() == [
        {"raw": '{"hour": 1}', "body": {"hour": 1}, "attributes": {"status": "ok", "top_score": 7.5}, "subject": "Five"}
    ]


def test_messages_stay_and_topics_are_apart(stack: LocalStack) -> None:
    """Reading again loses nothing, and the alarm queue hears only of alarms."""
    assert stack.messages() == stack.messages()
    assert stack.messages("alarm") == []


def test_nothing_of_one_stack_reaches_the_next(root: Path) -> None:
    """A second stack has a fresh module, an empty table, other keys and another log than the first."""
    seen = []
    for name in ("first", "second"):
        with LocalStack(live=True, keys={"coinalyze_api_key": name}, root=root) as one:
            answer = one.invoke("screen", {"sk": name})
            rows = [item["sk"] for item in one.table.scan()["Items"]]
            logged = [other for other in ("first", "second") if other in one.log]
            seen.append((answer["calls"], answer["keys"]["coinalyze_api_key"], rows, logged))
    assert seen == [(1, "first", ["first"], ["first"]), (1, "second", ["second"], ["second"])]


# ---------------------------------------------------------------- the stack itself


def test_the_stack_says_how_long_it_took(stack: LocalStack) -> None:
    """Each phase and the last call of each function has its duration in seconds."""
    assert {"start_s", "translate_s", "create_s"} <= stack.timings.keys()


def test_without_an_hour_there_is_no_simulation() -> None:
    """A simulator must be told where it stands."""
    with pytest.raises(InputError, match="hour"):
        LocalStack()


def test_live_venues_cannot_be_moved(stack: LocalStack) -> None:
    """Only the simulator has an hour to set."""
    with pytest.raises(InputError, match="live"):
        stack.move_to("2026-03-01T13:00:00Z")


def test_the_simulators_command_says_all_that_was_asked(tmp_path: Path) -> None:
    """Hour, archive and real-only reach the simulator; the port is its own choice, and it ends with this process."""
    at = datetime(2026, 3, 1, 13, tzinfo=timezone(timedelta(hours=1)))
    command = stack_module.simulator_command(at, tmp_path, real_only=True)
    assert command == [
        *("quantscout_local.simulator", "--at", "2026-03-01T12:00:00Z", "--market", str(tmp_path)),
        *("--real-only", "--port", "0", "--exit-with-stdin"),
    ]


@pytest.fixture
def simulated(root: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[LocalStack]:
    """Return a running stack whose simulator is the stand-in."""
    monkeypatch.setenv("PYTHONPATH", str(STAND_INS))
    monkeypatch.setattr(stack_module, "simulator_command", lambda *_, **__: ["simulator"])
    with LocalStack("2026-03-01T12:00:00Z", root=root) as running:
        yield running


def test_the_simulators_hour_reaches_the_handlers(simulated: LocalStack) -> None:
    """Sources point to the simulator; a move changes the clock and starts cold; a refused hour changes nothing."""
    before = simulated.invoke("screen", {})
    simulated.move_to("2026-03-01T13:00:00Z")
    after = simulated.invoke("screen", {})
    with pytest.raises(InputError, match=r"^no data at 1999-01-01T00:00:00Z$"):
        simulated.move_to("1999-01-01T00:00:00Z")
    url = before["loaded_with"]["BINANCE_URL"].removesuffix("/binance")
    assert {name: before["loaded_with"][name] for name in stack_module.SOURCE_PATHS} == {
        "BINANCE_URL": f"{url}/binance",
        "KUCOIN_URL": f"{url}/kucoin",
        "KUCOIN_UNIFIED_URL": f"{url}/kucoin-unified/api/ua/v1",
        "COINALYZE_URL": f"{url}/coinalyze/v1",
        "COINGECKO_URL": f"{url}/coingecko/api/v3",
    }
    assert [(answer["loaded_with"]["CLOCK_OFFSET_S"], answer["calls"]) for answer in (before, after)] == [
        ("-1.25", 1),
        ("-2.5", 1),
    ]
