"""The vocabulary of faults."""

from typing import Literal, get_args

Refusing = Literal[
    "server_error",  # 5xx
    "rate_limited",  # 429 by somebody else's doing: the headers tell of a full window
    "overloaded",  # KuCoin's 429000 without its limiter's headers; Binance's 503 with -1008; elsewhere 503
    "banned",  # Binance's 418, which then holds for its time
    "blocked_region",  # 451
    "refused",  # 403, a web firewall's page
    "html",  # status 200 with a page
]
Breaking = Literal[
    "timeout",  # no answer for so many seconds, then the connection is cut
    "reset",  # the connection is cut at once
]
Mangling = Literal[
    "slow_body",  # the answer in pieces over so many seconds
    "truncated",  # half of the JSON
    "empty",  # success without data
    "wrong_types",  # one value is of another type
    "duplicated_rows",
    "unordered_rows",
    "negative_prices",
]
Contractual = Literal[
    "late_bar",  # the newest bar is there only 6 to 13 s after the hour
    "missing_bar",  # the newest bar is never there
    "sparse_bars",  # some bars are not there
    "frozen_delisted",  # no trade for two days, the price stands, and the listing says that it trades
    "misaligned_interest",  # open interest stamped some minutes off
    "renamed_contract",  # another name in the listing; the old one is unknown
    "changed_interval",  # funding settles twice as often as before (hourly: half as often)
    "clock_off",  # the venue's clock
]
Kind = Literal[Refusing, Breaking, Mangling, Contractual]

REFUSING: frozenset[str] = frozenset(get_args(Refusing))
BREAKING: frozenset[str] = frozenset(get_args(Breaking))
CONTRACTUAL: frozenset[str] = frozenset(get_args(Contractual))
"""Drawn by contract instead of by request: asking again changes nothing."""
PER_HOUR = frozenset({"late_bar", "missing_bar"})
"""Of these, the ones that are drawn anew in every hour."""
OF_BARS = frozenset({"late_bar", "missing_bar", "sparse_bars"})
ONLY_BINANCE = frozenset({"banned"})

SECONDS: dict[str, float] = {
    "timeout": 30.0,
    "slow_body": 5.0,
    "rate_limited": 10.0,
    "banned": 120.0,
    "misaligned_interest": 420.0,
    "clock_off": 45.0,
}
"""How long, or how far off, where a rule does not say."""
