"""Credentials and region that are not there: the same sentence and status for every command that needs them."""

import boto3
import pytest
from aws_lambda_powertools.utilities import parameters
from botocore.exceptions import ClientError, NoCredentialsError, ProfileNotFound, UnauthorizedSSOTokenError

from cli.asked import Command
from quantscout.errors import InputError, StateError
from quantscout_local.account import asking
from quantscout_local.resources import REGION

VARIABLES = ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_SESSION_TOKEN", "AWS_PROFILE", "AWS_REGION",
             "AWS_DEFAULT_REGION", "AWS_ENDPOINT_URL")  # fmt: skip
COMMANDS = [
    ["explain", "BTC", "--table", "state", "--at", "2026-03-01T12:00Z"],
    ["kpis", "--table", "state"],
    ["doctor", "--keys-secret", "mine"],
    ["failures", "list"],
    ["subscriptions"],
]


@pytest.fixture(autouse=True)
def _nobody(monkeypatch: pytest.MonkeyPatch) -> None:
    """Be nobody, nowhere."""
    for name in VARIABLES:
        monkeypatch.delenv(name, raising=False)
    for name in ("AWS_CONFIG_FILE", "AWS_SHARED_CREDENTIALS_FILE"):
        monkeypatch.setenv(name, "absent")
    monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "true")
    monkeypatch.setattr(boto3, "DEFAULT_SESSION", None)
    monkeypatch.setattr(parameters.base, "DEFAULT_PROVIDERS", {})


@pytest.mark.parametrize("command", COMMANDS)
def test_without_credentials_the_next_step_is_told(
    quantscout: Command, monkeypatch: pytest.MonkeyPatch, command: list[str]
) -> None:
    """Status 2 and one line."""
    monkeypatch.setenv("AWS_DEFAULT_REGION", REGION)
    said = quantscout(*command)
    assert (said.status, said.out, said.err.count("\n")) == (2, "", 1)
    assert "there are no AWS credentials here; next step: set AWS_PROFILE, or log in" in said.err


@pytest.mark.parametrize("command", COMMANDS)
def test_without_a_region_the_variable_is_named(quantscout: Command, command: list[str]) -> None:
    """The same one everywhere."""
    said = quantscout(*command)
    assert (said.status, said.out) == (2, "")
    assert said.err == "error: no AWS region is set; next step: set AWS_DEFAULT_REGION to the region of the stack\n"


def test_an_absent_profile_is_a_persons_to_mend(quantscout: Command, monkeypatch: pytest.MonkeyPatch) -> None:
    """A slip in AWS_PROFILE is named."""
    monkeypatch.setenv("AWS_PROFILE", "nobodys")
    said = quantscout(*COMMANDS[0])
    assert said.status == 2
    assert "nobodys" in said.err
    assert "next step: set AWS_PROFILE, or log in" in said.err


@pytest.mark.parametrize(
    "cause",
    [
        NoCredentialsError(),
        ProfileNotFound(profile="x"),
        UnauthorizedSSOTokenError(),
        ClientError({"Error": {"Code": "ExpiredTokenException", "Message": "old"}}, "GetItem"),
    ],
)
def test_what_lies_behind_an_error_of_the_state_counts(cause: Exception) -> None:
    """The state wraps what AWS said; a person who must log in is told to."""
    wrapped = StateError("table 'state' cannot be reached")
    wrapped.__cause__ = cause
    with pytest.raises(InputError, match=r"^the table: .*log in"), asking("the table"):
        raise wrapped


def test_any_other_error_of_the_state_stays_as_it_is() -> None:
    """A table that is not there is no matter of credentials."""
    wrapped = StateError("table 'state': ResourceNotFoundException")
    wrapped.__cause__ = ClientError({"Error": {"Code": "ResourceNotFoundException", "Message": "no"}}, "GetItem")
    with pytest.raises(StateError) as kept, asking("the table"):
        raise wrapped
    assert kept.value is wrapped
