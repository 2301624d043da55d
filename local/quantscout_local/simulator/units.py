"""Which contracts are quoted in thousands or millions of a coin: a list, never a pattern (1INCH is one inch)."""

_UNITS = {
    1000: ("SHIB", "PEPE", "BONK", "FLOKI", "LUNC", "SATS", "RATS", "XEC", "CAT", "CHEEMS", "WHY", "X"),
    1_000_000: ("MOG", "BOB"),
}
MULTIPLIED = {f"{unit}{coin}": (coin, unit) for unit, coins in _UNITS.items() for coin in coins}
MULTIPLIED["1MBABYDOGE"] = ("BABYDOGE", 1_000_000)


def coin_and_unit(base: str) -> tuple[str, int]:
    """Return the plain coin of a Binance base asset and how many of it one contract unit is."""
    return MULTIPLIED.get(base, (base, 1))


def plain_on_kucoin(base: str) -> tuple[str, int]:
    """Return KuCoin's base and its unit for a Binance base: mostly the plain coin, at times another unit."""
    coin, unit = coin_and_unit(base)
    if coin == "CAT":
        return "10000CAT", 10_000
    if coin in {"BONK", "RATS", "BOB"}:  # the plain BOB is another coin
        return base, unit
    return ("XBT" if coin == "BTC" else coin), 1
