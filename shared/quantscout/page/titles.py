"""What each figure is called on the page, and the notes that every page ends with."""

TITLES = {
    "precision_at_5": "Precision@5: picks that hit +10 %",
    "base_rate": "Base rate: all judged contracts",
    "scored_set_rate": "Hit rate of the scored set",
    "lift_over_base": "Lift over the base rate",
    "lift_over_scored_set": "Lift over the scored set",
    "lift_over_matched": "Lift over matched controls",
    "lift_over_matched_points": "Lift over matched controls, difference",
    "lift_over_matched_points_longer_blocks": "The same, resampled in longer blocks",
    "net_over_matched": "Net return less that of matched controls",
    "net_over_matched_longer_blocks": "The same, resampled in longer blocks",
    "lift_over_matched_in_scored_set": "Lift over matched controls of the scored set",
    "lift_over_matched_in_scored_set_points": "The same, difference",
    "net_over_matched_in_scored_set": "Net return less that of these controls",
    "fall_rate_at_5": "Picks that fell by 10 % or more",
    "fall_base_rate": "Such falls of all judged contracts",
    "falls_over_matched_points": "Falls over matched controls, difference",
    "hits_less_falls_over_matched_points": "Hits less falls over matched controls",
    "hits_less_falls_over_matched_points_longer_blocks": "The same, resampled in longer blocks",
    "mean_net_return_24h": "Mean net return of a pick, 24 h",
    "mean_net_return_24h_longer_blocks": "The same, resampled in longer blocks",
    "median_net_return_24h": "Median net return of a pick, 24 h",
    "expected_shortfall_5pct": "Mean of the worst 5 % of picks",
    "total_return": "The rule: whole return",
    "max_drawdown": "The rule: largest drawdown",
    "sharpe_ratio": "The rule: Sharpe ratio",
    "expected_shortfall_5pct_days": "The rule: mean of the worst 5 % of days",
    "decile_spearman": "Deciles: rank correlation with the hit rate",
    "decile_10_less_1": "Deciles: highest less lowest",
    "decile_violation": "Deciles: largest break of the rise",
    "decile_falls": "Deciles: steps that surely fall",
    "turnover": "The rule: turnover",
    "new_in_five": "Picks that were not in the five an hour ago",
}

NOT_ADVICE = "Not financial advice. Past hours do not promise anything about those to come; the product never trades."
OVERLAP = (
    "Holding periods overlap: a coin that stays in the list for ten hours is ten picks with nearly the same day after "
    "them. The number of picks is not the number of independent cases; the intervals come from whole blocks of hours "
    "(stationary bootstrap, 24 h on average) and are as wide as that asks for."
)
MULTIPLE = (
    "Many figures stand on this page, none corrected for their number: of twenty 95 % intervals at least one leaves "
    "its true value out by chance. The answer on top rests on one comparison, named before the data were seen; the "
    "rest is for reading on."
)
PRICES = (
    "A hit needs a high of +10 %, not a sale there. Prices are those of recorded bars: an order of any size moves the "
    "price of a micro-cap, by more than the slippage that is counted here."
)
UNKNOWNS = "What is not known is written as not known, with its reason. It is never counted as 0."
NOTES = (NOT_ADVICE, MULTIPLE, OVERLAP, PRICES, UNKNOWNS)


def title_of(name: str) -> str:
    """Return what a figure is called; one without a title goes by its name."""
    return TITLES.get(name, name.replace("_", " "))
