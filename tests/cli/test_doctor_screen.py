"""The doctor's command: its screen, its JSON, its status, and where it gets addresses and keys from."""

import json
from collections.abc import Callable
from pathlib import Path

import boto3
import jsonschema
import pytest
from moto import mock_aws

from cli.asked import Command
from cli.doctor_place import KEY, PREFIXES, place_of
from quantscout.errors import InputError
from quantscout_local import doctor
from quantscout_local.doctor import Place, read_place
from quantscout_local.doctor_findings import Diagnosis
from quantscout_local.doctor_reasons import MEANING
from quantscout_local.handlers import forget_clients
from quantscout_local.resources import REGION
from quantscout_local.servers import Server
from quantscout_local.simulator.faults.plan import Rule
from quantscout_local.stack import ROOT


@pytest.fixture
def at(monkeypatch: pytest.MonkeyPatch) -> Callable[[Place], None]:
    """Return what makes the command ask from this place."""
    return lambda place: monkeypatch.setattr(doctor, "read_place", lambda *_: place)


def test_the_screen_ends_with_the_answer(quantscout: Command, at: Callable[[Place], None]) -> None:
    """A person reads the sources, the open questions, and one sentence; the status is 0; no key is shown."""
    at(place_of()[0])
    said = quantscout("doctor")
    assert (said.status, said.err) == (0, "")
    assert said.out.splitlines()[-1] == "This place can run QuantScout: both venues answer."
    assert all(
        label in said.out for label in ("Binance", "KuCoin unified", "valid", "What the documentation leaves open")
    )
    assert KEY not in said.out


def test_a_place_that_cannot_run_is_told_so(quantscout: Command, at: Callable[[Place], None]) -> None:
    """The status is 1, the last line names venue, cause and next step."""
    at(place_of(Rule(kind="blocked_region", venue="binance"))[0])
    said = quantscout("doctor")
    assert said.status == 1
    assert said.out.splitlines()[-1] == (
        "This place cannot run QuantScout: Binance refuses this region (451): deploy in another region."
    )


def test_no_color_is_respected(
    quantscout: Command, at: Callable[[Place], None], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Even where colours are forced on, NO_COLOR leaves none (bold is no colour)."""
    monkeypatch.setenv("NO_COLOR", "1")
    monkeypatch.setenv("FORCE_COLOR", "1")
    at(place_of()[0])
    assert "\x1b[32m" not in quantscout("doctor").out


def test_json_is_the_published_shape(quantscout: Command, at: Callable[[Place], None]) -> None:
    """It validates against the model and its JSON Schema; the status tells the same as the screen's."""
    at(place_of(Rule(kind="banned", venue="binance"))[0])
    said = quantscout("doctor", "--json")
    jsonschema.validate(json.loads(said.out), Diagnosis.model_json_schema(mode="serialization"))
    assert Diagnosis.model_validate_json(said.out).can_run is False
    assert (said.status, KEY in said.out) == (1, False)


def test_addresses_and_keys_come_from_the_environment() -> None:
    """The variables of the functions, and one per key; an empty one is as none."""
    variables = {"BINANCE_URL": "http://here", "KUCOIN_URL": "", "COINALYZE_API_KEY": f"{KEY} ", "CLOCK_OFFSET_S": "-9"}
    place = read_place(variables, None)
    assert (place.environment.binance_url, place.environment.kucoin_url) == (
        "http://here",
        "https://api-futures.kucoin.com",
    )
    assert place.keys.coinalyze_api_key.get_secret_value() == KEY
    assert place.keys.coingecko_api_key.get_secret_value() == ""
    assert KEY not in repr(place)


def test_keys_come_from_the_secret_where_one_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    """The environment's keys do not count then."""
    for name, value in {"AWS_ACCESS_KEY_ID": "t", "AWS_SECRET_ACCESS_KEY": "t", "AWS_DEFAULT_REGION": REGION}.items():
        monkeypatch.setenv(name, value)
    forget_clients()
    with mock_aws():
        text = json.dumps({"coinalyze_api_key": KEY})
        boto3.client("secretsmanager").create_secret(Name="doctor-keys", SecretString=text)
        keys = read_place({"COINGECKO_API_KEY": "other"}, "doctor-keys").keys
    forget_clients()
    assert (keys.coinalyze_api_key.get_secret_value(), keys.coingecko_api_key.get_secret_value()) == (KEY, "")


def test_a_variable_that_cannot_be_is_bad_input() -> None:
    """The clock's offset is a number."""
    with pytest.raises(InputError, match="CLOCK_OFFSET_S"):
        read_place({"CLOCK_OFFSET_S": "late"}, None)


def test_every_word_of_the_diagnosis_is_documented() -> None:
    """What a person or a program may read as `reach` stands in docs/doctor.md."""
    page = (ROOT / "docs" / "doctor.md").read_text("utf-8")
    assert [word for word in MEANING if f"| `{word}` |" not in page] == []


@pytest.mark.e2e
def test_the_command_works_over_sockets(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, quantscout: Command) -> None:
    """The real clients ask a simulator's process by the functions' variables; a key of the environment is valid."""
    with Server("simulator", ["quantscout_local.simulator", "--limits", "--exit-with-stdin"], tmp_path) as server:
        ready = server.wait_ready()
        for name, path in PREFIXES.items():
            monkeypatch.setenv(name, f"{ready['url']}{path}")
        monkeypatch.setenv("CLOCK_OFFSET_S", repr(ready["clock_offset_s"]))
        monkeypatch.setenv("COINALYZE_API_KEY", KEY)
        monkeypatch.delenv("COINGECKO_API_KEY", raising=False)
        said = quantscout("doctor", "--json")
    found = Diagnosis.model_validate_json(said.out)
    assert (said.status, [each.reach for each in found.sources]) == (0, ["reachable"] * 5)
    assert [each.key for each in found.sources[3:]] == ["valid", "missing"]
