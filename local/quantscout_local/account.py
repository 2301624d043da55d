"""A person's own AWS account, as the environment names it: clients, a stack's outputs, and errors with a next step."""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

from quantscout.errors import InputError, QuantScoutError, StateError

if TYPE_CHECKING:
    import boto3

    from quantscout.store import Store

CREDENTIALS = frozenset(
    {"InvalidClientTokenId", "UnrecognizedClientException", "ExpiredToken", "ExpiredTokenException",
     "InvalidAccessKeyId", "SignatureDoesNotMatch", "AuthFailure"}
)  # fmt: skip
REFUSED = frozenset({"AccessDenied", "AccessDeniedException", "AuthorizationError", "UnauthorizedOperation"})
ABSENT = frozenset(
    {"NotFound", "NotFoundException", "AWS.SimpleQueueService.NonExistentQueue", "QueueDoesNotExist",
     "ResourceNotFoundException", "InvalidAddress"}
)  # fmt: skip
LOG_IN = "set AWS_PROFILE, or log in (aws sso login, aws configure)"
REGION_VARIABLE = "AWS_DEFAULT_REGION"
"""The one that all texts name: boto3 reads no other, and docs/deploy.md sets it."""
NO_REGION = f"no AWS region is set; next step: set {REGION_VARIABLE} to the region of the stack"


def open_session() -> "boto3.Session":
    """Return a session by the person's own credentials and region (InputError where no region is set).

    As for the AWS command line AWS_REGION stands above the profile's; boto3 by itself reads AWS_DEFAULT_REGION only.
    """
    import boto3  # noqa: PLC0415 - the help must not wait for it
    from botocore.exceptions import BotoCoreError  # noqa: PLC0415

    try:
        session = boto3.Session(region_name=os.environ.get("AWS_REGION") or None)
    except BotoCoreError as cause:
        raise InputError(f"AWS cannot be asked: {cause}; next step: {LOG_IN}") from cause
    if session.region_name is None:
        raise InputError(NO_REGION)
    return session


@contextmanager
def asking(what: str) -> Iterator[None]:
    """Turn what AWS answers into one sentence: what was asked for, the cause, the next step.

    An error of the product's own (of the state, of the secret) stays as it is, unless behind it are credentials or a
    region that are not there: these are a person's to mend, whatever was asked for (InputError).
    """
    from botocore.exceptions import BotoCoreError, ClientError  # noqa: PLC0415

    try:
        yield
    except QuantScoutError as error:
        mendable = _mendable(what, _aws_cause(error))
        if mendable is None:
            raise
        raise mendable from error
    except ClientError as cause:
        code, said = cause.response["Error"]["Code"], cause.response["Error"].get("Message", "")
        raise _failure(code)(f"{what}: {code}: {said}; next step: {_step(code)}") from cause
    except BotoCoreError as cause:
        unreached = f"{what}: AWS cannot be reached: {cause}; next step: check {REGION_VARIABLE}"
        raise (_mendable(what, cause) or QuantScoutError(unreached)) from cause


def check_credentials(what: str) -> None:
    """Refuse to go on where there is no region, or there are no credentials, before anything is asked (InputError)."""
    from botocore.exceptions import NoCredentialsError  # noqa: PLC0415

    session = open_session()
    with asking(what):
        if session.get_credentials() is None:
            raise NoCredentialsError


def _aws_cause(error: BaseException) -> BaseException | None:
    """Return what botocore raised at the bottom of an error, None where it raised nothing."""
    from botocore.exceptions import BotoCoreError, ClientError  # noqa: PLC0415

    cause: BaseException | None = error
    while cause is not None and not isinstance(cause, BotoCoreError | ClientError):
        cause = cause.__cause__ or cause.__context__
    return cause


def _mendable(what: str, cause: BaseException | None) -> InputError | None:
    """Return the sentence for credentials or a region that are not there or not valid, None for anything else."""
    from botocore import exceptions  # noqa: PLC0415

    if isinstance(cause, exceptions.NoRegionError):
        return InputError(NO_REGION)
    if isinstance(cause, exceptions.NoCredentialsError):
        return InputError(f"{what}: there are no AWS credentials here; next step: {LOG_IN}")
    broken = (exceptions.PartialCredentialsError, exceptions.CredentialRetrievalError, exceptions.ProfileNotFound,
              exceptions.SSOError, exceptions.TokenRetrievalError)  # fmt: skip
    expired = isinstance(cause, exceptions.ClientError) and cause.response["Error"]["Code"] in CREDENTIALS
    return InputError(f"{what}: {cause}; next step: {LOG_IN}") if expired or isinstance(cause, broken) else None


def _failure(code: str) -> type[QuantScoutError]:
    return InputError if code in CREDENTIALS | REFUSED | ABSENT or code == "ValidationError" else QuantScoutError


def _step(code: str) -> str:
    if code in CREDENTIALS:
        return LOG_IN
    if code in REFUSED:
        return "use credentials that may do this in the stack's account"
    return f"check the name, {REGION_VARIABLE} and the account" if _failure(code) is InputError else "try again"


def stack_outputs(session: "boto3.Session", name: str) -> dict[str, str]:
    """Return the outputs of a deployed stack by key (InputError where there is no such stack here)."""
    with asking(f"the stack '{name}' in {session.region_name}"):
        stacks = session.client("cloudformation").describe_stacks(StackName=name)["Stacks"]
    return {output["OutputKey"]: output["OutputValue"] for output in stacks[0].get("Outputs", [])}


def output_of(outputs: dict[str, str], key: str, stack: str) -> str:
    """Return one output; refuse a stack that has none of that name (InputError)."""
    if key not in outputs:
        raise InputError(f"the stack '{stack}' has no output {key}; next step: deploy this version")
    return outputs[key]


def open_state(table: str) -> "Store":
    """Return the state in a stack's table (StateError where no client can be made: no region, no such profile)."""
    from botocore.exceptions import BotoCoreError  # noqa: PLC0415 - the help must not wait for it

    from quantscout.store import open_store  # noqa: PLC0415

    try:
        return open_store(table)
    except BotoCoreError as cause:
        raise StateError(
            f"the table '{table}' cannot be opened: {cause}; set {REGION_VARIABLE} and the stack's credentials"
        ) from cause
