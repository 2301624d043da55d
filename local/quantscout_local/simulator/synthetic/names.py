"""Names of coins: known ones first, then made-up ones; units and scripts as they occur."""

from quantscout_local.simulator.seeds import draw


def _words(text: str) -> tuple[str, ...]:
    return tuple(text.split())


LARGE = _words(
    "BTC ETH XRP BNB SOL DOGE TRX ADA HYPE LINK XLM BCH SUI AVAX LTC HBAR TON SHIB DOT UNI XMR AAVE PEPE NEAR APT "
    "ENA ONDO ETC TAO POL ICP ARB ATOM FIL ALGO BONK VET RENDER SEI OP INJ FET TIA IMX STX GRT LDO JUP FLOKI CRV "
    "SAND XTZ GALA IOTA PENDLE JASMY MANA THETA DYDX FLOW AXS CHZ APE COMP RUNE SUSHI 1INCH ZIL ENJ KAVA BAT YFI "
    "SNX ZRX"
)
MULTIPLIED = _words(
    "1000SHIB 1000PEPE 1000BONK 1000FLOKI 1000LUNC 1000SATS 1000RATS 1000XEC 1000CAT 1000CHEEMS 1000WHY "
    "1000000MOG 1000000BOB 1MBABYDOGE"
)
CHINESE = ("币安人生", "我踏马来了", "龙虾")
STOCKS = _words("TSLA NVDA AAPL AMZN META MSTR COIN HOOD PLTR INTC CRCL GOOGL MSFT AMD ORCL")
METALS = ("XAU", "XAG", "PAXG")
INDICES = ("BTCDOM", "DEFI", "ALL")
PREMARKET = ("VEXA", "ORBIQ", "NUMEA", "QUILO")

_STARTS = _words("B BR C CH D DR F FL G GR H J K KR L M N P PL QU R S SH ST T TR V W Z")
_VOWELS = _words("A E I O U AI OO")
_ENDS = ("", "", "N", "R", "X", "S", "L", "T", "K", "M", "AI", "FI")


def made_up(seed: str, count: int, taken: set[str]) -> list[str]:
    """Return names of coins that nobody knows, each once; `taken` grows by them."""
    names: list[str] = []
    turn = 0
    while len(names) < count:
        name = _name(f"{seed}/{turn}")
        turn += 1
        if name not in taken:
            taken.add(name)
            names.append(name)
    return names


def _name(stream: str) -> str:
    def of(kinds: tuple[str, ...], place: str) -> str:
        return kinds[int(draw("name", stream, place) * len(kinds))]

    second = of(_STARTS, "c") + of(_VOWELS, "d") if draw("name", stream, "long") < 0.6 else ""
    return of(_STARTS, "a") + of(_VOWELS, "b") + second + of(_ENDS, "e")
