"""What the simulator's tests share: the two markets, a small archive, and a way to ask."""

import asyncio
from collections.abc import Callable
from pathlib import Path
from typing import Any

import httpx
import polars as pl
import pytest

from quantscout_local.simulator import DEFAULT_HOUR_MS, create_app, load_archive, make_market
from quantscout_local.simulator.conditions import CALM, Conditions
from quantscout_local.simulator.faults.plan import Plan
from quantscout_local.simulator.hours import hour_of
from quantscout_local.simulator.market import Market
from quantscout_local.simulator.view import View
from simulator.stand import Stand

ARCHIVE = Path(__file__).parents[3] / "shared" / "market"
HOUR_MS = hour_of("2026-03-01T12:00Z")
SYMBOLS = ["BTCUSDT", "ETHUSDT", "1000PEPEUSDT", "1INCHUSDT", "4USDT", "ACHUSDT", "ZROUSDT", "CVCUSDT"]
Ask = Callable[..., httpx.Response]


@pytest.fixture(scope="session")
def archive_dir() -> Path:
    """Return the folder of recorded market data, or skip."""
    if not ARCHIVE.is_dir():
        pytest.skip(f"the recorded market is not at {ARCHIVE}")
    return ARCHIVE


def copy_of(source: Path, target: Path, keep: dict[str, pl.Expr]) -> Path:
    """Write the rows of a few contracts that satisfy each file's condition, and link the captured answers."""
    for file in source.glob("binance_um_*.parquet"):
        frame = pl.scan_parquet(file).filter(pl.col("symbol").is_in(SYMBOLS))
        frame.filter(keep.get(file.stem, pl.lit(value=True))).collect().write_parquet(target / file.name)
    if not (target / "raw").exists():
        (target / "raw").symlink_to((source / "raw").resolve())
    return target


@pytest.fixture(scope="session")
def small_archive(archive_dir: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return an archive of eight real contracts."""
    return copy_of(archive_dir, tmp_path_factory.mktemp("archive"), {})


@pytest.fixture(scope="session")
def small_market(small_archive: Path) -> Market:
    """Return the market of the small archive."""
    return load_archive(small_archive)


@pytest.fixture(scope="session")
def real_market(small_archive: Path) -> Market:
    """Return the small archive with its real series alone."""
    return load_archive(small_archive, real_only=True)


@pytest.fixture(scope="session")
def embedded() -> Market:
    """Return the synthetic market."""
    return make_market()


@pytest.fixture(scope="session")
def view(embedded: Market) -> View:
    """Return the synthetic market at its default hour."""
    return View(embedded, DEFAULT_HOUR_MS)


def asking(market: Market, hour_ms: int) -> Ask:
    """Return a function that sends requests to a server in this process."""
    app = create_app(market, hour_ms)

    def ask(path: str, method: str = "GET", headers: dict[str, str] | None = None, **params: Any) -> httpx.Response:
        async def send() -> httpx.Response:
            transport = httpx.ASGITransport(app)
            async with httpx.AsyncClient(transport=transport, base_url="http://simulator") as client:
                return await client.request(method, path, params=params, headers=headers)

        return asyncio.run(send())

    return ask


@pytest.fixture(scope="session")
def ask(embedded: Market) -> Ask:
    """Return a way to ask the synthetic market at its default hour."""
    return asking(embedded, DEFAULT_HOUR_MS)


@pytest.fixture(scope="session")
def ask_archive(small_market: Market) -> Ask:
    """Return a way to ask the small archive at 2026-03-01T12:00Z."""
    return asking(small_market, HOUR_MS)


@pytest.fixture(scope="session")
def ask_real(real_market: Market) -> Ask:
    """Return a way to ask the small archive's real series alone."""
    return asking(real_market, HOUR_MS)


@pytest.fixture(name="asking")
def asking_fixture() -> Callable[[Market, int], Ask]:
    """Return the maker of servers, for a test that wants its own."""
    return asking


@pytest.fixture
def stand(embedded: Market) -> Callable[..., Stand]:
    """Return the maker of servers in virtual time."""
    return lambda conditions=CALM, after_s=95.0: Stand(embedded, conditions, after_s)


@pytest.fixture
def faulty(embedded: Market) -> Callable[..., Stand]:
    """Return the maker of servers with one rule of faults."""

    def make(kind: str, after_s: float = 95.0, **rule: Any) -> Stand:
        plan = Plan.model_validate({"rules": [{"kind": kind, **rule}]})
        return Stand(embedded, Conditions(faults=plan), after_s)

    return make
