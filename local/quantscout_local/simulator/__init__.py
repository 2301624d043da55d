"""The venue simulator: the public endpoints of Binance, KuCoin, Coinalyze and CoinGecko as of a given hour.

`create_app(market, hour_ms)` is the server; `load_archive(folder)` and `make_market()` are the two markets.
`python -m quantscout_local.simulator --at HOUR` starts it as a process.
"""

from quantscout_local.simulator.app import create_app
from quantscout_local.simulator.archive import load_archive
from quantscout_local.simulator.conditions import Conditions
from quantscout_local.simulator.synthetic.market import DEFAULT_HOUR_MS, make_market

__all__ = ["DEFAULT_HOUR_MS", "Conditions", "create_app", "load_archive", "make_market"]
