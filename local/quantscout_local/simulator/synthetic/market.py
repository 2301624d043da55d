"""The embedded market: 789 Binance and 500 KuCoin contracts from 2026-09-01 to 2026-11-08, from one seed."""

from dataclasses import replace

import numpy as np

from quantscout.frames import DAY_MS, HOUR_MS
from quantscout_local.simulator.archive_kucoin import kucoin_contract
from quantscout_local.simulator.derive.funding import settlements
from quantscout_local.simulator.market import Contract, KucoinContract, Market
from quantscout_local.simulator.seeds import draw, exponential_of
from quantscout_local.simulator.series import Bars, Points
from quantscout_local.simulator.synthetic.coins import EMBEDDED, Cast, Size, caps_usd, cast, coins_of
from quantscout_local.simulator.synthetic.kinds import binance_kinds, kucoin_kinds
from quantscout_local.simulator.synthetic.paths import common_factor, simulate
from quantscout_local.simulator.units import coin_and_unit

START_MS = 1_788_220_800_000  # 2026-09-01T00Z
STOP_MS = 1_794_096_000_000  # 2026-11-08T00Z
DEFAULT_HOUR_MS = 1_793_534_400_000  # 2026-11-01T12Z
DEFAULT_SEED = "quantscout"
_DEFAULT_BAR = (DEFAULT_HOUR_MS - START_MS) // HOUR_MS - 1  # market caps are given as of then
_NEW_AGES_H = (26, 41, 55, 70, 96, 110, 131, 150, 164, 200, 260, 330, 400, 520, 640, 760, 900, 1000, 1100, 1200)


def make_market(seed: str = DEFAULT_SEED, size: Size = EMBEDDED) -> Market:
    """Return the synthetic market of a seed and size, the same on every machine.

    Every answer about it is marked `synthetic_market`.
    """
    players = cast(seed, size)
    series = _series(seed, players)
    caps = caps_usd(size.eligible).tolist()
    coins = [_coin_contract(seed, base, rank, series[base], caps[rank]) for rank, base in enumerate(players.bases)]
    contracts = [*coins, *binance_kinds(players, series, {c.base: c for c in coins})]
    kucoin = _kucoin(seed, coins, players, series, size.kucoin_shared)
    binance = {c.symbol: _with_funding(seed, c) for c in contracts}
    return Market(
        name="embedded",
        source=f"the embedded market (seed {seed!r})",
        synthetic=True,
        binance=binance,
        # A bar that is missing at the default hour would have a client wait for it until it gives up.
        kucoin={
            k.symbol: replace(k, source=binance.get(k.source.symbol, k.source), busy_ms=DEFAULT_HOUR_MS - HOUR_MS)
            for k in kucoin
        },
        hours_ms=np.arange(START_MS + HOUR_MS, STOP_MS + 1, HOUR_MS, dtype=np.int64),
    )


def _series(seed: str, players: Cast) -> dict[str, Bars]:
    hours = (STOP_MS - START_MS) // HOUR_MS
    factor = common_factor(seed, hours, (DEFAULT_HOUR_MS - START_MS) // HOUR_MS, 0.16)
    found: dict[str, Bars] = {}
    small = np.full(len(players.kucoin_only) + len(players.settled) + len(players.leaving), 4.0e7)
    groups = (
        (players.bases, caps_usd(len(players.bases))),
        ([*players.kucoin_only, *players.settled, *players.leaving], small),
        (players.others, np.full(len(players.others), 2.0e9)),
    )
    for bases, caps in groups:
        coins = coins_of(seed, bases, caps, "coin")
        found |= dict(zip(bases, simulate(seed, coins, factor, START_MS), strict=True))
    return found


def _coin_contract(seed: str, base: str, rank: int, bars: Bars, cap: float) -> Contract:
    coin, unit = coin_and_unit(base)
    late = _listing_ms(rank)
    first = 0 if late is None else int(np.searchsorted(bars.open_ms, late))
    return Contract(
        symbol=f"{base}USDT",
        base=base,
        coin=coin,
        unit=unit,
        bars=bars.span(first, len(bars.open_ms)),
        supply_coins=float(f"{cap / (float(bars.close[_DEFAULT_BAR]) / unit):.6g}"),
        onboard_ms=START_MS - int(draw(seed, "age", base) * 2000 + 3) * DAY_MS if late is None else late,
        funding_h=_interval(draw(seed, "interval", base)),
    )


def _listing_ms(rank: int) -> int | None:
    """Return when a contract was listed inside the market's time: some micro-caps and mid-caps are new."""
    place = rank - 430
    if rank < 430 or place % 15 or place // 15 >= len(_NEW_AGES_H):
        return None
    return DEFAULT_HOUR_MS - _NEW_AGES_H[place // 15] * HOUR_MS


def _interval(turn: float) -> int:
    return 4 if turn < 0.7 else 8 if turn < 0.92 else 1 if turn < 0.97 else 2


def _with_funding(seed: str, contract: Contract) -> Contract:
    """Return the contract with its settlements; a few change their interval on the way, some within two days."""
    if contract.contract_type not in {"PERPETUAL", "TRADIFI_PERPETUAL"}:
        return contract
    points = settlements(contract.symbol, contract.bars, contract.funding_h, STOP_MS)
    turn = draw(seed, "change", contract.symbol)
    if turn < 0.03 and contract.funding_h == 8:
        change = DEFAULT_HOUR_MS - (1 if turn < 0.012 else 12) * DAY_MS // DAY_MS * DAY_MS
        faster = settlements(contract.symbol, contract.bars, 4, STOP_MS)
        points = Points(
            np.concatenate([points.at_ms[points.at_ms <= change], faster.at_ms[faster.at_ms > change]]),
            np.concatenate([points.value[points.at_ms <= change], faster.value[faster.at_ms > change]]),
        )
    jitter = (points.at_ms // HOUR_MS * 7919 + len(contract.symbol)) % 10
    return replace(contract, funding=Points(points.at_ms + jitter, points.value))


def _small_supply(seed: str, base: str, bars: Bars) -> float:
    """Return a supply that is worth 6 to 60 million dollars at the default hour."""
    cap_usd = 6e6 * exponential_of(2.3 * draw(seed, "cap", base))
    return float(f"{cap_usd / float(bars.close[_DEFAULT_BAR]):.6g}")


def _kucoin(
    seed: str, coins: list[Contract], players: Cast, series: dict[str, Bars], shared: int
) -> list[KucoinContract]:
    """Return KuCoin's contracts: the largest coins, a part of the others, its own coins, and the ineligible kinds."""
    ranked = sorted(coins[40:], key=lambda c: draw("on kucoin", c.coin) + (0.0 if c.unit == 1 else -1.0))
    chosen = [*coins[:40], *ranked[: shared - 40]]
    own = [
        Contract(
            symbol=f"{base}USDT",
            base=base,
            coin=base,
            bars=series[base],
            supply_coins=_small_supply(seed, base, series[base]),
            onboard_ms=START_MS - 90 * DAY_MS,
        )
        for base in players.kucoin_only
    ]
    found = [kucoin_contract(c, listed_ms=_kucoin_listing(c)) for c in (*chosen, *own)]
    return [*found, *kucoin_kinds(coins, players, series)]


def _kucoin_listing(contract: Contract) -> int:
    """Return when KuCoin lists it: together with Binance, or up to a day later."""
    return contract.first_ms + int(draw("kucoin day", contract.coin) * 24) * HOUR_MS
