"""A function's environment, validated once (it is read by the handlers, never at import of this package)."""

from collections.abc import Mapping
from typing import Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from quantscout.errors import InputError, first_fault
from quantscout.settings import AlertOn, Settings, parse_settings


class Environment(BaseModel):
    """The variables that template.yaml sets, and those that only a local stack sets (addresses, clock)."""

    model_config = ConfigDict(frozen=True, extra="ignore")

    table_name: str = Field(alias="TABLE_NAME", min_length=3)
    report_topic_arn: str = Field("", alias="REPORT_TOPIC_ARN")
    alarm_topic_arn: str = Field("", alias="ALARM_TOPIC_ARN")
    source_keys_secret_id: str = Field("", alias="SOURCE_KEYS_SECRET_ID")
    tape_bucket: str = Field("", alias="TAPE_BUCKET", description="where tapes go; empty: none is made")
    settings_json: str = Field("{}", alias="QUANTSCOUT_SETTINGS")
    alert_on: AlertOn | Literal[""] = Field("", alias="ALERT_ON", description="which hours are sent; empty: as set")
    budget_share: float = Field(
        0.8, alias="BUDGET_SHARE", gt=0, le=1000, description="share of the venues' limits that is used"
    )
    clock_offset_s: float = Field(
        0.0, alias="CLOCK_OFFSET_S", description="added to this machine's clock; for simulators"
    )
    binance_url: str = Field("https://fapi.binance.com", alias="BINANCE_URL")
    kucoin_url: str = Field("https://api-futures.kucoin.com", alias="KUCOIN_URL")
    kucoin_unified_url: str = Field("https://api.kucoin.com/api/ua/v1", alias="KUCOIN_UNIFIED_URL")
    coinalyze_url: str = Field("https://api.coinalyze.net/v1", alias="COINALYZE_URL")
    coingecko_url: str = Field("https://api.coingecko.com/api/v3", alias="COINGECKO_URL")

    def settings(self) -> Settings:
        """Return the settings with the overrides of QUANTSCOUT_SETTINGS, then of ALERT_ON (InputError).

        The template always sets ALERT_ON, to its own default too: what a person wrote into the settings stands.
        """
        settings = parse_settings(self.settings_json)
        if not self.alert_on or "alert_on" in settings.model_fields_set:
            return settings
        return settings.model_copy(update={"alert_on": self.alert_on})


def parse_environment(variables: Mapping[str, str]) -> Environment:
    """Return the environment; name the first variable that is missing or wrong, and the next step (InputError)."""
    try:
        return Environment.model_validate(dict(variables))
    except ValidationError as cause:
        raise InputError(
            f"environment variable {first_fault(cause)}; template.yaml sets it for deployed functions"
        ) from cause
