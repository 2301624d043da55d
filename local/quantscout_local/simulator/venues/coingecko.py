"""CoinGecko: coins by market cap, trending searches, dominance."""

from datetime import UTC, datetime
from typing import Any

import numpy as np

from quantscout.frames import DAY_MS
from quantscout_local.simulator.answers import Answer, Params, RefusalError, answer
from quantscout_local.simulator.derive.supply import supply_coins
from quantscout_local.simulator.market import Contract
from quantscout_local.simulator.seeds import draw, draw_normal
from quantscout_local.simulator.series import row_total
from quantscout_local.simulator.view import View

_IDS = {"BTC": "bitcoin", "ETH": "ethereum", "BNB": "binancecoin", "SOL": "solana", "XRP": "ripple", "DOGE": "dogecoin"}
_TRENDING = 15
_DEFAULT_PAGE, _MOST_PER_PAGE = 100, 250


def _answer(view: View, value: Any) -> Answer:
    return answer(value, view.market.marks("coingecko"))


def _coins(view: View) -> dict[str, Contract]:
    """Return the contract that each plain coin is priced by: its USDT perpetual, on KuCoin's source if need be."""
    found: dict[str, Contract] = {}
    for contract in (*view.binance.values(), *(k.source for k in view.kucoin.values())):
        if contract.contract_type == "PERPETUAL" and contract.quote == "USDT" and contract.underlying_type == "COIN":
            # Two contracts of one name may be two coins (BOB and 1000000BOB): prices per coin tell.
            known = found.setdefault(contract.coin, contract)
            if contract.base != known.base and not _same_price(view, contract, known):
                found[f"{contract.coin}-{contract.base}"] = contract
    return found


def _same_price(view: View, one: Contract, other: Contract) -> bool:
    return 0.9 < view.last_close(one) / one.unit / (view.last_close(other) / other.unit) < 1.1


def _rows(view: View) -> list[dict[str, Any]]:
    rows = [_row(view, name, contract) for name, contract in _coins(view).items()]
    rows += [_namesake(row) for row in rows if draw("namesake", row["symbol"]) < 0.02]
    rows.sort(key=lambda row: (-(row["market_cap"] or 0), row["id"]))
    for rank, row in enumerate(rows, 1):
        row["market_cap_rank"] = rank if row["market_cap"] else None
    return rows


def _row(view: View, name: str, contract: Contract) -> dict[str, Any]:
    coin = contract.coin
    day = view.last_day(contract)
    plain = float(day.close[-1]) / contract.unit
    price = float(f"{plain * (1 + 0.002 * draw_normal('gecko', name, str(view.hour_ms))):.6g}")
    # A few disagree with Binance on what circulates, as in life.
    off = 1.6 if draw("disagrees", name) < 0.03 else 1.0 + 0.01 * draw_normal("gecko supply", name)
    supply = float(f"{supply_coins(contract, view.hour_ms) * off:.7g}")
    new = view.hour_ms - contract.first_ms < 2 * DAY_MS
    change = float(day.close[-1]) / float(day.open[0]) - 1
    return {
        "id": _IDS.get(name, name.lower()),
        "symbol": coin.lower(),
        "name": name,
        "image": f"https://assets.coingecko.com/coins/images/{coin}.png",
        "current_price": price,
        "market_cap": None if new else round(price * supply),
        "market_cap_rank": None,
        "fully_diluted_valuation": None,
        "total_volume": round(row_total(day.quote_volume) * 1.4),
        "high_24h": float(f"{float(np.max(day.high)) / contract.unit:.6g}"),
        "low_24h": float(f"{float(np.min(day.low)) / contract.unit:.6g}"),
        "price_change_24h": float(f"{price - price / (1 + change):.6g}"),
        "price_change_percentage_24h": round(change * 100, 5),
        "circulating_supply": 0.0 if new else supply,
        "total_supply": None,
        "max_supply": None,
        "last_updated": _iso(view.hour_ms),
    }


def _iso(at_ms: int) -> str:
    return datetime.fromtimestamp(at_ms / 1000, UTC).strftime("%Y-%m-%dT%H:%M:%S.000Z")


def _namesake(row: dict[str, Any]) -> dict[str, Any]:
    """Return another coin with the same ticker: tickers collide, and only the price tells."""
    price = float(f"{row['current_price'] * (3 + 20 * draw('namesake price', row['symbol'])):.6g}")
    supply = float(f"{1e6 + 1e7 * draw('namesake supply', row['symbol']):.6g}")
    own = {"id": f"{row['id']}-2", "name": f"{row['name']} Classic", "current_price": price}
    return row | own | {"circulating_supply": supply, "market_cap": round(price * supply), "total_volume": 12_000}


def _listed(view: View) -> list[dict[str, Any]]:
    return view.once("coingecko", lambda: _rows(view))


def _whole(params: Params, name: str, default: int) -> int:
    try:
        return int(params.get(name, default))
    except ValueError:
        raise RefusalError(422, {"error": f"Invalid {name}"}) from None


def read_markets(view: View, params: Params) -> Answer:
    """Return a page of coins by falling market cap, those without one last; `ids` and `symbols` narrow it."""
    if "vs_currency" not in params:
        raise RefusalError(422, {"error": "Missing parameter vs_currency"})
    rows = _listed(view)
    for name, field in (("ids", "id"), ("symbols", "symbol")):
        if name in params:
            wanted = set(params[name].split(","))
            rows = [row for row in rows if row[field] in wanted]
    size = min(max(_whole(params, "per_page", _DEFAULT_PAGE), 1), _MOST_PER_PAGE)
    first = (max(_whole(params, "page", 1), 1) - 1) * size
    return _answer(view, rows[first : first + size])


def read_trending(view: View, params: Params) -> Answer:
    """Return the 15 coins that moved the most on a busy day, best first."""
    del params
    ranked = sorted(_listed(view), key=lambda row: (-_attention(view, row), row["id"]))[:_TRENDING]
    coins = [{"item": _item(row, place)} for place, row in enumerate(ranked)]
    return _answer(view, {"coins": coins, "nfts": [], "categories": []})


def _attention(view: View, row: dict[str, Any]) -> float:
    luck = draw("attention", row["id"], str(view.hour_ms // DAY_MS))
    return abs(float(row["price_change_percentage_24h"])) * (0.5 + luck)


def _item(row: dict[str, Any], place: int) -> dict[str, Any]:
    return {
        "id": row["id"],
        "coin_id": place + 1,
        "name": row["name"],
        "symbol": row["symbol"].upper(),
        "market_cap_rank": row["market_cap_rank"],
        "slug": row["id"],
        "price_btc": 0.0,
        "score": place,
        "data": {
            "price": row["current_price"],
            "price_change_percentage_24h": {"usd": row["price_change_percentage_24h"]},
        },
    }


def read_global(view: View, params: Params) -> Answer:
    """Return the totals and each coin's share of them in percent; stablecoins count with a fixed part."""
    del params
    rows = _listed(view)
    coins = sum(row["market_cap"] or 0 for row in rows)
    tether = 0.05 * (1 + 0.02 * draw_normal("tether", str(view.hour_ms // DAY_MS)))
    total = coins / (1 - tether)
    shares = {row["symbol"]: (row["market_cap"] or 0) / total * 100 for row in rows[:10]} | {"usdt": tether * 100}
    value = {
        "active_cryptocurrencies": len(rows),
        "upcoming_icos": 0,
        "ongoing_icos": 49,
        "ended_icos": 3376,
        "markets": 1300,
        "total_market_cap": {"usd": total},
        "total_volume": {"usd": float(sum(row["total_volume"] for row in rows))},
        "market_cap_percentage": shares,
        "market_cap_change_percentage_24h_usd": 0.0,
        "updated_at": view.hour_ms // 1000,
    }
    return _answer(view, {"data": value})


def read_ping(view: View, params: Params) -> Answer:
    """Say hello."""
    del params
    return _answer(view, {"gecko_says": "(V3) To the Moon!"})
