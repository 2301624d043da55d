"""The sources' keys: from one secret, and nowhere to be seen."""

import json
import os
from collections.abc import Callable, Iterator
from typing import Any

import boto3
import pytest
from botocore.exceptions import ClientError, EndpointConnectionError
from moto import mock_aws

from quantscout.environment import parse_environment
from quantscout.errors import InputError
from quantscout.secrets import FoundKeys, SourceKeys, find_keys, load_keys
from quantscout_local.handlers import forget_clients
from quantscout_local.resources import REGION

NAME, KEY = "source-keys", "a-key-that-nobody-may-see"


@pytest.fixture(autouse=True)
def aws(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Run with AWS in memory and an empty cache."""
    for name, value in {
        "AWS_ACCESS_KEY_ID": "testing",
        "AWS_SECRET_ACCESS_KEY": "testing",
        "AWS_DEFAULT_REGION": REGION,
    }.items():
        monkeypatch.setenv(name, value)
    forget_clients()
    with mock_aws():
        yield
    forget_clients()


def store(text: str) -> None:
    """Put a text into the secret."""
    boto3.client("secretsmanager").create_secret(Name=NAME, SecretString=text)


def test_both_keys_come_from_the_secret() -> None:
    """A JSON object of two texts."""
    store(json.dumps({"coinalyze_api_key": KEY, "coingecko_api_key": "b"}))
    keys = load_keys(NAME)
    assert (keys.coinalyze_api_key.get_secret_value(), keys.coingecko_api_key.get_secret_value()) == (KEY, "b")


def test_without_a_secret_there_are_no_keys() -> None:
    """A function that has none, as the backfill, asks for nothing."""
    assert load_keys("") == SourceKeys()


def test_a_key_that_is_not_there_is_empty() -> None:
    """One source may be used without the other; fields of others do not disturb."""
    store(json.dumps({"coingecko_api_key": KEY, "note": "mine"}))
    assert load_keys(NAME).coinalyze_api_key.get_secret_value() == ""


def test_a_key_is_in_no_text_of_its_holder() -> None:
    """Neither repr nor str nor JSON of the keys shows one."""
    keys = SourceKeys.model_validate({"coinalyze_api_key": KEY})
    assert KEY not in repr(keys) + str(keys) + keys.model_dump_json()


def test_the_secret_is_read_once_in_five_minutes() -> None:
    """A changed secret is seen when the cached one is too old, not at each call."""
    store(json.dumps({"coinalyze_api_key": "old"}))
    load_keys(NAME)
    boto3.client("secretsmanager").put_secret_value(
        SecretId=NAME, SecretString=json.dumps({"coinalyze_api_key": "new"})
    )
    assert load_keys(NAME).coinalyze_api_key.get_secret_value() == "old"
    forget_clients()
    assert load_keys(NAME).coinalyze_api_key.get_secret_value() == "new"


def test_a_secret_that_is_missing_is_named_with_what_it_should_hold() -> None:
    """A person learns which secret, the service's own code, and the secret's shape."""
    said = rf"the secret '{NAME}' cannot be read \(ResourceNotFoundException\); .*\"coinalyze_api_key\": \"\""
    with pytest.raises(InputError, match=said):
        load_keys(NAME)


def failing(error: Exception) -> Callable[..., Any]:
    """Return a call of AWS that fails."""

    def call(*_: object, **__: object) -> Any:
        raise error

    return call


@pytest.mark.parametrize("code", ["AccessDeniedException", "ThrottlingException", "InvalidRequestException"])
def test_a_refusal_is_told_by_the_services_own_code(code: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Each has another remedy."""
    answer: Any = {"Error": {"Code": code, "Message": "no"}}
    refused = failing(ClientError(answer, "GetSecretValue"))
    monkeypatch.setattr("botocore.client.BaseClient._make_api_call", refused)
    assert find_keys(NAME) == FoundKeys(SourceKeys(), f"cannot be read ({code})")


def test_what_did_not_even_reach_the_service_is_told_by_its_kind(monkeypatch: pytest.MonkeyPatch) -> None:
    """There is no code without an answer."""
    lost = failing(EndpointConnectionError(endpoint_url="https://secretsmanager.invalid"))
    monkeypatch.setattr("botocore.client.BaseClient._make_api_call", lost)
    assert find_keys(NAME).problem == "cannot be read (EndpointConnectionError)"


def test_what_could_not_be_read_is_asked_for_again() -> None:
    """Once it is there, the very next invocation has the keys."""
    assert find_keys(NAME).problem
    store(json.dumps({"coinalyze_api_key": KEY}))
    assert find_keys(NAME).keys.coinalyze_api_key.get_secret_value() == KEY


@pytest.mark.parametrize("text", ['{"coinalyze_api_key": "abc"def"}', "[]", '{"coinalyze_api_key": 1}'])
def test_what_was_malformed_is_read_again(text: str) -> None:
    """Whoever mends it does not wait for a cache."""
    store(text)
    assert find_keys(NAME).problem
    good = json.dumps({"coinalyze_api_key": KEY})
    boto3.client("secretsmanager").put_secret_value(SecretId=NAME, SecretString=good)
    assert find_keys(NAME).keys.coinalyze_api_key.get_secret_value() == KEY


MALFORMED = {
    KEY: "no JSON",
    f'{{"coinalyze_api_key": "ab"{KEY}", "coingecko_api_key": ""}}': "no JSON",
    f'"{KEY}"': "no JSON object",
    f'["{KEY}"]': "no JSON object",
    f'{{"coinalyze_api_key": ["{KEY}"]}}': "coinalyze_api_key is no text",
    f'{{"coinalyze_api_key": {{"is": "{KEY}"}}}}': "coinalyze_api_key is no text",
    f'{{"coinalyze_api_key": "{KEY}", "coingecko_api_key": null}}': "coingecko_api_key is no text",
    f'{{"coingecko_api_key": "{KEY}\\u00e9"}}': "coingecko_api_key has characters that no header can carry",
    f'{{"coingecko_api_key": "{KEY}\\n{KEY}"}}': "coingecko_api_key has characters that no header can carry",
    '{"coinalyze_api_key": " "}': "coinalyze_api_key has characters that no header can carry",
}


@pytest.mark.parametrize(("text", "said"), MALFORMED.items(), ids=range(len(MALFORMED)))
def test_a_malformed_secret_gives_no_key_and_names_the_field(text: str, said: str) -> None:
    """All or none: who mistyped one key stores both again."""
    store(text)
    assert find_keys(NAME) == FoundKeys(SourceKeys(), f"is malformed ({said})")


@pytest.mark.parametrize("text", MALFORMED, ids=range(len(MALFORMED)))
def test_a_secret_of_another_shape_is_refused_without_showing_it(text: str) -> None:
    """Not even the chain of causes quotes the value."""
    store(text)
    with pytest.raises(InputError, match=f"the secret '{NAME}' is malformed") as refused:
        load_keys(NAME)
    seen: BaseException | None = refused.value
    while seen is not None:
        assert KEY not in str(seen)
        seen = seen.__cause__ or (None if seen.__suppress_context__ else seen.__context__)


def test_the_environment_holds_the_secrets_name_only() -> None:
    """No variable carries a key: the model has no field for one."""
    assert not [
        name
        for name in type(parse_environment({"TABLE_NAME": "state"})).model_fields
        if "key" in name.removeprefix("source_keys")
    ]
    assert KEY not in repr(dict(os.environ))
