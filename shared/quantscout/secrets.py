"""The keys of the sources, from one Secrets Manager secret through Powertools (cached five minutes, so they rotate).

What cannot be read, or cannot be used, costs no hour: the keys are optional. It is never kept, and asked for again by
the next invocation; and what is said of it is the service's error code or a field's name, never a part of the value.
"""

from typing import Any, NamedTuple

from pydantic import BaseModel, ConfigDict, SecretStr, ValidationError

from quantscout.errors import InputError
from quantscout.redaction import KEYS

CACHE_S = 300


class SourceKeys(BaseModel):
    """The keys; empty where a source is not used. SecretStr keeps them out of every repr and log."""

    model_config = ConfigDict(frozen=True, extra="ignore")

    coinalyze_api_key: SecretStr = SecretStr("")
    coingecko_api_key: SecretStr = SecretStr("")


class FoundKeys(NamedTuple):
    """The keys of a secret, and what is wrong with it, e.g. `cannot be read (AccessDeniedException)`; mostly empty."""

    keys: SourceKeys = SourceKeys()
    problem: str = ""


def load_keys(secret_id: str) -> SourceKeys:
    """Return the keys that the secret holds (InputError when it cannot be read or is no JSON object of texts)."""
    keys, problem = find_keys(secret_id)
    if problem:
        raise InputError(
            f"the secret '{secret_id}' {problem}; it must exist and hold a JSON object "
            'such as {"coinalyze_api_key": "", "coingecko_api_key": ""}'
        )
    return keys


def find_keys(secret_id: str) -> FoundKeys:
    """Return the keys that the secret holds, all or none: none without a secret, and where it cannot be used."""
    if not secret_id:
        return FoundKeys()
    from aws_lambda_powertools.utilities import parameters  # noqa: PLC0415 - brings botocore; only where it is used

    try:
        value = parameters.get_secret(secret_id, transform="json", max_age=CACHE_S)
    except parameters.exceptions.GetParameterError as error:
        return FoundKeys(problem=f"cannot be read ({_code_of(error)})")
    except parameters.exceptions.TransformParameterError:
        return FoundKeys(problem="is malformed (no JSON)")
    found = _checked(value)
    if found.problem:
        parameters.clear_caches()  # type: ignore[no-untyped-call]  # who mends it need not wait until it is old
    return found


def _code_of(error: BaseException) -> str:
    """Return what the service calls its refusal, e.g. AccessDeniedException; else what kind of failure it was."""
    cause = error.__context__ or error  # Powertools' own error repeats only the text
    answer = getattr(cause, "response", {})
    return str(answer.get("Error", {}).get("Code") or type(cause).__name__)


def _checked(value: Any) -> FoundKeys:
    """Return the keys of the secret's value; neither it nor pydantic's message, which quotes it, may be shown."""
    try:
        keys = SourceKeys.model_validate(value)
    except ValidationError as error:
        field = ".".join(str(part) for part in error.errors(include_input=False)[0]["loc"])
        return FoundKeys(problem=f"is malformed ({f'{field} is no text' if field else 'no JSON object'})")
    texts = {name: getattr(keys, name).get_secret_value() for name in SourceKeys.model_fields}
    KEYS.learn(*texts.values())
    for name, text in texts.items():
        if text and not (text.strip() and text.strip().isascii() and text.strip().isprintable()):
            return FoundKeys(problem=f"is malformed ({name} has characters that no header can carry)")
    return FoundKeys(keys)
