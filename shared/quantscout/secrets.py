"""The keys of the sources, from one Secrets Manager secret through Powertools (cached five minutes, so they rotate)."""

from pydantic import BaseModel, ConfigDict, SecretStr, ValidationError

from quantscout.errors import InputError
from quantscout.redaction import KEYS

CACHE_S = 300


class SourceKeys(BaseModel):
    """The keys; empty where a source is not used. SecretStr keeps them out of every repr and log."""

    model_config = ConfigDict(frozen=True, extra="ignore")

    coinalyze_api_key: SecretStr = SecretStr("")
    coingecko_api_key: SecretStr = SecretStr("")


def load_keys(secret_id: str) -> SourceKeys:
    """Return the keys that the secret holds (InputError when it cannot be read or is no JSON object of texts)."""
    if not secret_id:
        return SourceKeys()
    from aws_lambda_powertools.utilities import parameters  # noqa: PLC0415 - brings botocore; only where it is used

    try:
        value = parameters.get_secret(secret_id, transform="json", max_age=CACHE_S)
    except (parameters.exceptions.GetParameterError, parameters.exceptions.TransformParameterError) as cause:
        raise InputError(
            f"the secret '{secret_id}' cannot be read ({type(cause).__name__}); it must exist and hold a JSON object "
            'such as {"coinalyze_api_key": "", "coingecko_api_key": ""}'
        ) from cause
    try:
        keys = SourceKeys.model_validate(value)
    except ValidationError:
        # Neither the value nor pydantic's message, which quotes it, may be shown.
        raise InputError(
            f"the secret '{secret_id}' must be a JSON object of texts: coinalyze_api_key, coingecko_api_key"
        ) from None
    KEYS.learn(*(getattr(keys, name).get_secret_value() for name in SourceKeys.model_fields))
    return keys
