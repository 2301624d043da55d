"""What a function tells of an invocation: its line, its events, and the hour on all of them."""

import json
import logging
import threading
from datetime import timedelta
from typing import Any

import boto3
import pytest
from botocore.exceptions import ClientError
from fake_market import NOON, NOON_MS
from loaded import EVENT, FUNCTIONS, call, load
from world import World

from quantscout.errors import SourceError
from quantscout.lines import MOST_REASONS, RunLine, SourceLine, line_of_source
from quantscout.models import ErrorCount, SourceState
from quantscout.telemetry import open_log
from quantscout_local.resources import REGION

HOUR = "2026-03-01T12:00:00Z"
POWERTOOLS = {
    *("level", "location", "message", "timestamp", "service", "cold_start", "function_name", "function_memory_size"),
    *("function_arn", "function_request_id", "correlation_id"),
}
Capsys = pytest.CaptureFixture[str]
Patch = pytest.MonkeyPatch


def test_one_line_sums_the_hour_up(world: World, monkeypatch: Patch, capsys: Capsys) -> None:
    """Hour, run, status, funnel, sources, delivery, state and time stand in it, the only one of a good run."""
    told = call(load("screen", world, monkeypatch), capsys)
    (line,) = told.lines
    assert (line["message"], line["hour"], line["status"], line["delivery"]) == ("hour done", HOUR, "ok", "published")
    assert line["run_id"].startswith(HOUR)
    assert line["funnel"]["listed"] >= line["funnel"]["ranked"] >= 5
    assert line["sources"]["binance"].items() >= {"ok": True, "late": 0, "age_s": 0, "errors": {}}.items()
    assert (len(line["picks"]), line["attempt"]) == (5, 1)
    assert line["stage_ms"].keys() >= {"fetched", "scored", "stored", "published"}
    assert line["state"]["read_units"] > 0
    assert 0 < line["remaining_ms"] <= 300_000
    assert min(line["took_ms"], line["peak_mb"]) > 0


def test_the_lines_fields_are_the_declared_ones(world: World, monkeypatch: Patch, capsys: Capsys) -> None:
    """Nothing stands in a line that docs/observability.md could not know."""
    seen: set[str] = set()
    for verb in ("backfill", "screen"):
        for event in (EVENT, {}):
            for line in call(load(verb, world, monkeypatch), capsys, event).lines:
                seen |= line.keys()
                for source in line["sources"].values():
                    assert source.keys() <= SourceLine.__annotations__.keys()
    assert seen - POWERTOOLS <= RunLine.__annotations__.keys()
    # Powertools leaves out what is null: nothing was resumed here, and no bucket is there for a tape.
    assert RunLine.__annotations__.keys() - seen == {"resumed_from", "tape"}


def test_the_line_is_bounded_in_a_bad_hour(world: World, monkeypatch: Patch, capsys: Capsys) -> None:
    """However much fails, the line stays below 4 KB: reasons are counted, contracts are not listed."""
    flood = [
        ErrorCount(reason=f"reason_{n}" * 2, count=n, contracts=["X" * 20] * 5, detail="d" * 200) for n in range(1, 60)
    ]
    state = SourceState(ok=False, contracts=1, late=9, errors=flood, data_age_s=None, note="n" * 500)
    line = line_of_source(state)
    assert len(line["errors"]) == MOST_REASONS + 1
    assert sum(line["errors"].values()) == sum(each.count for each in flood)
    world.kucoin.out = SourceError("kucoin", "unavailable", "x" * 2_000)
    told = call(load("screen", world, monkeypatch), capsys)
    others = told.text.splitlines()
    assert len(json.dumps([line] * 4)) + max(map(len, others)) < 4_096


def test_a_backfills_line_says_what_remains(world: World, monkeypatch: Patch, capsys: Capsys) -> None:
    """Per venue, with the hour and the state's cost."""
    line = call(load("backfill", world, monkeypatch), capsys, timeout_s=20).line("backfill done")
    assert (line["hour"], line["complete"]) == (HOUR, False)
    assert all(venue["remaining"] > 0 for venue in line["venues"])


def test_the_hour_is_on_every_line_also_of_threads(world: World, monkeypatch: Patch, capsys: Capsys) -> None:
    """The run's own lines, those of its threads, and the last one of a run that fails."""
    module = load("screen", world, monkeypatch)
    load_report = module.STORE.load_report

    def from_a_thread(hour_ms: int) -> Any:
        thread = threading.Thread(target=lambda: module.LOG.info("from a thread"))
        thread.start()
        thread.join()
        return load_report(hour_ms)

    monkeypatch.setattr(module.STORE, "load_report", from_a_thread)
    boto3.client("sns", region_name=REGION).delete_topic(TopicArn=module.TOPICS.report)
    told = call(module, capsys)
    assert {"from a thread", "run failed"} <= {line["message"] for line in told.lines}
    assert {line["correlation_id"] for line in told.lines} == {HOUR}
    assert {line["function_request_id"] for line in told.lines} == {told.request_id}


def test_the_hour_leads_to_report_and_record(world: World, monkeypatch: Patch, capsys: Capsys) -> None:
    """The same text begins the report's run_id, and the record names the request that held the hour."""
    told = call(load("screen", world, monkeypatch), capsys)
    report = world.store.load_report(NOON_MS)
    assert report is not None
    assert report.run_id.startswith(told.lines[0]["correlation_id"])
    record = world.store.table.get("run", "2026-03-01T12")
    assert record is not None
    assert record["held_by"] == told.lines[0]["function_request_id"]


def test_a_warm_invocation_has_its_own_hour(world: World, monkeypatch: Patch, capsys: Capsys) -> None:
    """Nothing of the invocation before is on the next one's lines, not even where its event tells no hour."""
    module = load("screen", world, monkeypatch)
    call(module, capsys)
    world.clock.at = NOON + timedelta(hours=1, seconds=10)
    second = call(module, capsys, {"at": "2026-03-01T13:00:00Z"})
    assert {line["correlation_id"] for line in second.lines} == {"2026-03-01T13:00:00Z"}
    third = call(module, capsys, {"at": "nonsense"})
    assert {line["correlation_id"] for line in third.lines} == {third.request_id}
    assert HOUR not in third.text


def test_a_run_that_fails_says_so_in_one_line(world: World, monkeypatch: Patch, capsys: Capsys) -> None:
    """The error's class and text, and the exception goes on to Lambda as it was."""
    module = load("backfill", world, monkeypatch)
    for venue in world.venues:
        venue.out = SourceError(venue.name, "timeout", "ReadTimeout at /time")
    told = call(module, capsys)
    assert isinstance(told.error, SourceError)
    line = told.line("run failed")
    assert (line["level"], line["error_type"], line["hour"]) == ("ERROR", "SourceError", HOUR)
    assert line["error"] == str(told.error)


def test_a_venue_that_is_out_has_a_line(world: World, monkeypatch: Patch, capsys: Capsys) -> None:
    """A person who reads warnings alone finds it; a source without a key is none."""
    world.kucoin.out = SourceError("kucoin", "blocked_region", "HTTP 451")
    told = call(load("screen", world, monkeypatch), capsys)
    line = told.line("source out")
    assert (line["level"], line["source"], line["note"]) == ("WARNING", "kucoin", "blocked_region: HTTP 451")


def test_a_message_that_is_tried_again_has_a_line(world: World, monkeypatch: Patch, capsys: Capsys) -> None:
    """SNS is busy once; the second try is taken."""
    module = load("screen", world, monkeypatch)
    publish, tries = module.SNS.publish, []
    answer: Any = {"Error": {"Code": "Throttling", "Message": "slow"}, "ResponseMetadata": {"HTTPStatusCode": 400}}

    def busy(**message: Any) -> Any:
        tries.append(message)
        if len(tries) == 1:
            raise ClientError(answer, "Publish")
        return publish(**message)

    monkeypatch.setattr(module.SNS, "publish", busy)
    told = call(module, capsys)
    assert told.line("the message was not taken")["level"] == "WARNING"
    assert told.line("hour done")["message_id"]


def test_what_was_left_by_another_attempt_has_a_line(world: World, monkeypatch: Patch, capsys: Capsys) -> None:
    """A message that nobody took, then its delivery again: the second run says from where it went on."""
    module = load("screen", world, monkeypatch)
    sns = boto3.client("sns", region_name=REGION)
    sns.delete_topic(TopicArn=module.TOPICS.report)
    call(module, capsys)
    sns.create_topic(Name="report")
    told = call(module, capsys)
    line = told.line("resumed what an earlier attempt left")
    assert (line["attempt"], line["resumed_from"]) == (2, "publishing")
    assert "DeliveryError" in line["last_error"]
    assert told.line("hour done")["resumed_from"] == "publishing"


def test_a_finished_hour_is_not_told_as_this_runs_own(world: World, monkeypatch: Patch, capsys: Capsys) -> None:
    """A second delivery asked nothing: its line has neither funnel nor sources."""
    module = load("screen", world, monkeypatch)
    call(module, capsys)
    line = call(module, capsys).line("hour done")
    assert (line["delivery"], line["sources"]) == ("finished", {})
    assert "funnel" not in line


def test_what_cannot_be_told_costs_no_report(world: World, monkeypatch: Patch, capsys: Capsys) -> None:
    """A failure of the telling is logged; the hour is answered, and its message is out."""
    module = load("screen", world, monkeypatch)
    monkeypatch.setattr("quantscout.telemetry.line_of_source", lambda _: 1 / 0)
    told = call(module, capsys)
    assert told.answer["message_id"]
    assert told.line("the run was not fully told")["exception_name"] == "ZeroDivisionError"


def test_a_lower_level_shows_no_more(world: World, monkeypatch: Patch, capsys: Capsys) -> None:
    """No line of ours is below INFO, as docs/observability.md says, and the libraries stay quiet."""
    module = load("screen", world, monkeypatch, POWERTOOLS_LOG_LEVEL="DEBUG")
    assert module.LOG.level == logging.DEBUG
    shipped = [path for folder in ("shared", "functions") for path in (FUNCTIONS.parent / folder).rglob("*.py")]
    assert not [path.name for path in shipped if ".debug(" in path.read_text("utf-8")]
    assert not logging.getLogger("botocore.endpoint").isEnabledFor(logging.DEBUG)
    assert call(module, capsys).line("hour done")


def test_a_logger_is_redacting(monkeypatch: Patch, capsys: Capsys) -> None:
    """Message, values, exception and stack of Powertools' own line."""
    monkeypatch.setenv("POWERTOOLS_SERVICE_NAME", "redacting")
    log = open_log()
    try:
        raise ValueError("asked with api_key=UNKNOWN")  # noqa: TRY301
    except ValueError:
        log.exception("at https://x/?api_key=UNKNOWN", extra={"headers": {"x-cg-demo-api-key": "UNKNOWN"}})
    written = capsys.readouterr().out
    line = json.loads(written)
    assert "UNKNOWN" not in written
    assert line["stack_trace"]["type"] == "ValueError"
    assert "ValueError: asked with api_key=***" in line["exception"]
    assert (line["message"], line["headers"]) == ("at https://x/?api_key=***", {"x-cg-demo-api-key": "***"})
