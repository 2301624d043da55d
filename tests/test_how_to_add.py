"""docs/how-to-add.md is tried: each example goes into a copy of the code, and the copy does what the page says."""

import inspect
import json
import re
import shlex
from collections.abc import Callable
from pathlib import Path

import boto3
import pytest
from moto import mock_aws

from doc_aws import read_call
from doc_examples import EXAMPLE, GUIDE, changes_of, copy_with, parts_of, run_in
from quantscout.venues.base import Venue
from quantscout_local import resources

Tried = Callable[[str, str], str]
PRODUCT = Path("shared", "quantscout")
HEAD = """
from market_frames import decide_hour, made_hour
from quantscout_local.scoring_doc import scoring_text
hour = made_hour()
"""

READ_TIDE = """
import asyncio, httpx
from quantscout.decide import base_board
from quantscout.environment import parse_environment
from quantscout.frames import HOUR_MS, LISTING
from quantscout.message import CHARTS
from quantscout.secrets import SourceKeys
from quantscout.settings import Settings
from quantscout.sources import open_sources
from quantscout.universe import identify
from quantscout.venues import tide
from quantscout.venues.base import Contract
from quantscout.verify import verify_bars
from quantscout.windows import build_windows
from market_frames import NO_PRICES, EVIDENCE, frames
H = hour.hour_ms
row = {"symbol": "ABC-PERP", "base": "ABC", "trading": True, "listed": 0, "price": 2, "bid": 1.99, "ask": 2.01,
       "rate": 0.0001, "hours": 8, "at": H}
replies = {"/time": {"now": H + 5_000}, "/contracts": [row, row | {"symbol": "X", "trading": False}, {"symbol": "bad"}],
           "/candles": [[H - k * HOUR_MS, 2, 3, 1, 2, 10, 20] for k in (2, 1)]}
wire = httpx.MockTransport(lambda request: httpx.Response(200, json=replies[request.url.path]))

async def opened():
    async with open_sources(parse_environment({"TABLE_NAME": "none"}), SourceKeys()) as sources:
        return [venue.name for venue in sources.venues]

async def asked():
    async with tide.build_client(transport=wire, base_url="http://tide") as client:
        venue, contract = tide.Tide(client), Contract("ABC-PERP")
        rest = [await venue.fetch_open_interest(contract, 0, H), await venue.fetch_funding(contract, 0, H),
                await venue.fetch_book(contract)]
        return (await venue.fetch_server_time_ms(), await venue.fetch_listing(),
                await venue.fetch_bars(contract, HOUR_MS, H - 2 * HOUR_MS, H), [part.height for part in rest])

now_ms, listing, bars, rest = asyncio.run(asked())
checked = verify_bars(bars, HOUR_MS, H)
known = identify(listing.frame, NO_PRICES, frames.empty(EVIDENCE), Settings())
board = base_board(known, build_windows(checked.bars, H, 720), H)
print(asyncio.run(opened()), sorted(CHARTS))
print(listing.frame["ineligible"].to_list(), len(listing.problems), checked.bars.height, checked.problems, rest)
print(board.select("contract", "coin", "bar_age_h").rows())
"""


@pytest.fixture
def tried(tmp_path: Path) -> Tried:
    """Return a function that runs code with an example's changes, and returns what it prints."""
    return lambda example, code: run_in(copy_with(example, tmp_path), HEAD + code)


def test_the_guide_has_its_examples() -> None:
    """Every kind of thing that one may add has an example; a region needs none."""
    named = {name for name, _, _ in EXAMPLE.findall(GUIDE.read_text("utf-8"))}
    assert named == {"factor", "gate", "flag", "setting", "venue", "channel", "metric"}


def test_an_added_factor_is_scored_and_documented(tried: Tried) -> None:
    """It has value, z, norm, weight and points of its own, and its line on the page."""
    code = """
universe = decide_hour(hour).universe
print([name for name in universe.columns if name.startswith("mom4h")])
print(universe.filter("in_scored_set")["mom4h_points"].null_count(), "| `mom4h` | 0.05 |" in scoring_text())
"""
    assert tried("factor", code).splitlines() == [
        "['mom4h', 'mom4h_z', 'mom4h_norm', 'mom4h_weight', 'mom4h_points']",
        "0 True",
    ]


def test_an_added_gate_rejects_by_its_reasons(tried: Tried) -> None:
    """A contract that is too young, or of unknown age, is rejected with the value; the page has gate and reasons."""
    code = """
import polars as pl
for days in (0.5, None):
    then = None if days is None else hour.hour_ms - int(days * 86_400_000)
    young = hour._replace(listing=hour.listing.with_columns(pl.lit(then, pl.Int64).alias("listed_ms")))
    fates = decide_hour(young).universe
    print(sorted(fates.filter(pl.col("reason").is_in(["too_young", "age_unknown"]))["reason"].unique()))
    print(fates["fate"].unique().to_list())
print(all(f"`{name}` |" in scoring_text() for name in ("age", "too_young", "age_unknown")))
"""
    rejected = "['rejected']"
    assert tried("gate", code).splitlines() == ["['too_young']", rejected, "['age_unknown']", rejected, "True"]


def test_an_added_flag_is_raised_and_documented(tried: Tried) -> None:
    """It marks who has fallen, nobody whose past is unknown, and stands on the page."""
    code = """
import polars as pl
from quantscout.gates import FLAGS
rows = pl.DataFrame({"close": [69.0, 71.0, 69.0], "close_7d_ago": [100.0, 100.0, None]})
print(rows.select(FLAGS["falling"].fill_null(value=False)).to_series().to_list(), "| `falling` |" in scoring_text())
"""
    assert tried("flag", code).strip() == "[True, False, False] True"


def test_an_added_setting_is_bounded_documented_and_used(tried: Tried) -> None:
    """By default nothing changes; set, it takes the boost from who trades more; out of bounds it is refused by name."""
    code = """
import polars as pl
from quantscout.errors import InputError
from quantscout.settings import parse_settings
young = pl.lit(hour.hour_ms - 86_400_000).alias("listed_ms")
hour = hour._replace(listing=hour.listing.with_columns(young))
small = parse_settings('{"boost_max_volume_24h_usdt": 1000001}')
for settings in (parse_settings(""), small):
    print(decide_hour(hour, settings).universe["boost"].max())
try:
    parse_settings('{"boost_max_volume_24h_usdt": 0}')
except InputError as error:
    print("boost_max_volume_24h_usdt" in str(error), "| `boost_max_volume_24h_usdt` |" in scoring_text())
"""
    assert tried("setting", code).splitlines() == ["0.06", "0.0", "True True"]


def test_an_added_venue_is_opened_and_read(tmp_path: Path) -> None:
    """The registry opens it, its contracts are on the board, its bars are verified; what it lacks is empty."""
    folder = copy_with("venue", tmp_path)
    (folder / PRODUCT / "venues" / "tide.py").write_text("".join(parts_of("venue", "python")), "utf-8")
    assert run_in(folder, HEAD + READ_TIDE).splitlines() == [
        "['binance', 'kucoin', 'tide'] ['binance', 'kucoin', 'tide']",
        "[None, 'not_trading'] 1 2 [] [0, 0, 0]",
        "[('ABC-PERP', 'ABC', 0), ('X', 'ABC', None)]",
    ]


def test_the_venues_proofs_name_every_method_of_the_protocol() -> None:
    """What must be proven has a line for each method; the invented venue has them all."""
    methods = {name for name, _ in inspect.getmembers(Venue, inspect.isfunction) if name.startswith("fetch_")}
    table = GUIDE.read_text("utf-8").partition("| method | proof |")[2]
    [example] = parts_of("venue", "python")
    assert set(re.findall(r"`(fetch_\w+)`", table.partition("\n\n")[0])) == methods
    assert set(re.findall(r"def (fetch_\w+)", example)) == methods


def test_an_added_channel_hears_what_its_filter_lets_through() -> None:
    """The command of the page, as boto3 makes it: the queue gets the hour of high confidence and not the other."""
    [command] = parts_of("channel", "sh")
    with mock_aws():
        sns, sqs = boto3.client("sns", region_name="eu-central-1"), boto3.client("sqs", region_name="eu-central-1")
        topic, queue = sns.create_topic(Name="reports")["TopicArn"], sqs.create_queue(QueueName="mine")["QueueUrl"]
        arn = sqs.get_queue_attributes(QueueUrl=queue, AttributeNames=["QueueArn"])["Attributes"]["QueueArn"]
        call = read_call(shlex.split(command.replace("$TOPIC", topic).replace("$QUEUE_ARN", arn))[1:])
        getattr(sns, call.method)(**call.parameters)
        for low in (True, False):
            sns.publish(TopicArn=topic, Message=json.dumps({"low_confidence": low}))
        received = sqs.receive_message(QueueUrl=queue, MaxNumberOfMessages=10)["Messages"]
    assert [json.loads(message["Body"]) for message in received] == [{"low_confidence": False}]


def test_an_added_metric_is_written_with_its_unit(tried: Tried) -> None:
    """A delivered hour fills it."""
    code = """
from types import SimpleNamespace as Some
from quantscout.measures import UNITS, measure_delivery
funnel = Some(with_data=90, eligible=100, ranked=5, scored_set=61)
report = Some(status="ok", funnel=funnel, sources={}, hour="2026-03-01T12:00:00Z")
done = Some(report=report, ending="published")
print(measure_delivery(done, lambda _: None)["ScoredContracts"], UNITS["ScoredContracts"].value)
"""
    assert tried("metric", code).strip() == "61.0 Count"


def test_an_added_alarm_is_translated(tmp_path: Path) -> None:
    """It is in the translated template, tells the alarm topic, and looks at the metric that the example adds."""
    template = resources.load_template(copy_with("metric", tmp_path) / "template.yaml")
    alarm = resources.translate(template, {})["Resources"]["ScoredAlarm"]["Properties"]
    assert alarm["AlarmActions"] == [{"Ref": "AlarmTopic"}]
    assert (alarm["Namespace"], alarm["MetricName"]) == ("QuantScout", "ScoredContracts")


def test_no_region_is_written_into_the_product() -> None:
    """The page says that a region needs nothing: no name of one is in the code or the template."""
    sources = [*Path(GUIDE.parents[1] / "shared").rglob("*.py"), GUIDE.parents[1] / "template.yaml"]
    region = re.compile(r"\b(?:us|eu|ap|sa|ca|me|af|il)-(?:north|south|east|west|central)+-?\d\b")
    assert [source.name for source in sources if region.search(source.read_text("utf-8"))] == []


@pytest.mark.parametrize("example", ["factor", "gate", "flag", "setting", "venue", "metric"])
def test_an_example_says_what_it_replaces(example: str) -> None:
    """Every change has a place to be found by, and changes something."""
    changes = changes_of(example)
    assert changes
    assert all(old and old != new for _, old, new in changes)
