"""How much of the market was seen, in one line: a quiet market and a blind scanner do not look alike."""

import pytest

from quantscout.message import sight
from quantscout.models import SourceState
from written_reports import BINANCE, FUNNEL, KUCOIN, report_of

ELSEWHERE = "Saw 550 of 560 eligible contracts elsewhere; 9 passed."
SEES = KUCOIN.model_copy(update={"ok": True, "contracts": 500, "note": ""})


@pytest.mark.parametrize(
    ("sources", "with_data", "unseen", "said"),
    [
        ({"kucoin": SEES}, 560, {}, "Saw 560 of 560 eligible contracts; 9 passed."),
        ({"kucoin": SEES}, 504, {}, "Saw 504 of 560 eligible contracts; 9 passed."),
        ({"kucoin": SEES}, 503, {}, "PARTLY BLIND: saw only 503 of 560 eligible contracts; 9 passed."),
        ({}, 550, {"kucoin": 1500}, f"BLIND: kucoin is out, 1,500 contracts unseen. {ELSEWHERE}"),
        ({}, 550, {}, f"BLIND: kucoin is out, its contracts unseen. {ELSEWHERE}"),
        ({"kucoin": SEES, "coingecko": KUCOIN}, 560, {}, "Saw 560 of 560 eligible contracts; 9 passed."),
    ],
    ids=["all", "most", "too few", "out", "out without a past", "only CoinGecko out"],
)  # fmt: skip
def test_a_quiet_market_and_a_blind_scanner_read_differently(
    sources: dict[str, SourceState], with_data: int, unseen: dict[str, int], said: str
) -> None:
    """One line says how much was seen; a venue that is out, or a tenth without data, is named as blindness."""
    funnel = FUNNEL.model_copy(update={"with_data": with_data})
    report = report_of(*"ABCDE", sources={"binance": BINANCE, "kucoin": KUCOIN} | sources, funnel=funnel, unseen=unseen)
    assert sight(report) == said


def test_a_scanner_that_lists_nothing_is_blind() -> None:
    """Venues that answer with nothing are no quiet market."""
    funnel = FUNNEL.model_copy(update={"eligible": 0, "with_data": 0, "passed": 0})
    assert sight(report_of(*"ABCDE", sources={"binance": BINANCE}, funnel=funnel)) == "BLIND: no contract is listed."
