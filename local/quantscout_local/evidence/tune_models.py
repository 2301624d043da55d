"""The result of a sweep as data."""

from typing import Literal

from pydantic import BaseModel, ConfigDict, Field

from quantscout_local.evidence.kpis_models import Kpi
from quantscout_local.evidence.trials import Difference

Answer = Literal["better", "worse", "cannot_be_told", "no_change"]
FROZEN = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False)


class Part(BaseModel):
    """The weights in force and the proposal over the same hours."""

    model_config = FROZEN

    first_hour: str
    last_hour: str
    hours: int
    baseline: tuple[Kpi, ...]
    proposal: tuple[Kpi, ...]
    differences: tuple[Difference, ...]


class Overfit(BaseModel):
    """What is left of the best of many trials, on the fitting hours; nulls where it cannot be computed."""

    model_config = FROZEN

    trials: int
    refused: int = Field(description="Trials that ranked too few hours to be compared")
    sharpe_per_hour: float | None
    best_by_chance: float | None = Field(description="Sharpe ratio to expect from the best of as many without skill")
    deflated: float | None = Field(description="Probability that the true Sharpe ratio is above that")
    probability: float | None = Field(description="Of backtest overfitting (PBO)")
    loss_probability: float | None
    blocks: int
    note: str = ""


class Fold(BaseModel):
    """A stretch of the fitting hours, and what was chosen without it and the hours whose labels reach into it."""

    model_config = FROZEN

    first_hour: str
    last_hour: str
    hours: int
    train_hours: int
    trial: int = Field(description="The best of all trials in the hours trained on; the first is number 0")
    gain: float | None = Field(description="What it changes in the fold's own hours, in the unit of `change`")


class Refitted(BaseModel):
    """The choice made again for each fold; `change` is over all folds, each in the hours that it was chosen without."""

    model_config = FROZEN

    folds: tuple[Fold, ...]
    change: Difference | None
    note: str = ""


class Tuning(BaseModel):
    """The whole answer."""

    model_config = FROZEN

    replay: str
    objective: str
    trials: int
    seed: int
    samples: int
    blocks_h: int
    reach: float
    weights: dict[str, float]
    proposed: dict[str, float]
    fixed: dict[str, str]
    fitted: Part
    validated: Part
    refitted: Refitted
    overfit: Overfit
    answer: Answer
    worth_trying: bool
    sentences: tuple[str, ...]
