"""The runbook: every alarm has its section, its commands can be typed, and its script does what it says."""

import re
import runpy
import sys
from pathlib import Path

import boto3
import pytest
from moto import mock_aws

from doc_commands import SAM, blocks_of, calls_of, commands_of, problem_of
from quantscout_local.resources import REGION
from template import parts

PAGE = parts.ROOT / "docs/runbook.md"
TEXT = PAGE.read_text("utf-8")
INLINE = sorted({*re.findall(r"`((?:aws|quantscout|sam) [^`\n]+)`", TEXT)})
WANTED = ("Blind", "An hour is missing", "A source refuses", "Throttling", "Costs rise", "Restore the table")
SECTIONS = dict(part.split("\n", 1) for part in re.split(r"^## ", TEXT, flags=re.MULTILINE)[1:])


@pytest.mark.parametrize("alarm", parts.names_of(parts.ALARM))
def test_every_alarm_has_its_section(alarm: str) -> None:
    """It names the alarm, says the first step, and how one sees that it is over."""
    said = parts.text_of(parts.of_type(parts.ALARM)[alarm]["AlarmDescription"])
    anchor = said.rpartition("#")[2]
    (section,) = [text for head, text in SECTIONS.items() if head.lower().replace(" ", "-") == anchor]
    assert f"`{alarm}`" in section.strip().split("\n\n")[0]
    assert "**First step**" in section
    assert "**Over when**" in section


@pytest.mark.parametrize("alarm", parts.names_of(parts.ALARM))
def test_what_is_told_when_it_is_over_is_what_the_alarm_does(alarm: str) -> None:
    """A section says that the alarm tells its end exactly where it does."""
    row = parts.of_type(parts.ALARM)[alarm]
    anchor = parts.text_of(row["AlarmDescription"]).rpartition("#")[2]
    (section,) = [text for head, text in SECTIONS.items() if head.lower().replace(" ", "-") == anchor]
    over = section.partition("**Over when**")[2].split("\n\n")[0]
    assert ("does not say so" in " ".join(over.split())) == ("OKActions" not in row)


@pytest.mark.parametrize("name", [*WANTED, "Repeat an hour", "Delete the stack", "Messages that do not arrive"])
def test_it_has_a_section_for_what_else_may_happen(name: str) -> None:
    """Blindness, missing hours, bans, throttles, costs, restores, repeats, the end."""
    assert [head for head in SECTIONS if head.startswith(name)]


def test_it_has_commands() -> None:
    """The checkers below have something to check: nothing is hidden by a block of another form."""
    assert len(blocks_of(PAGE)) == len(re.findall(r"```sh", TEXT)) > 10
    assert len(INLINE) > 1


@pytest.mark.parametrize("command", INLINE)
def test_a_command_within_a_sentence_can_be_typed(command: str) -> None:
    """Those in blocks are held against their tools by tests/test_doc_commands.py."""
    if command.startswith("sam ") and not SAM.exists():
        pytest.skip(f"{SAM} is not there: make validate installs it")
    assert [problem_of(call) for call in calls_of(command)] == [None]


def test_its_blocks_call_only_tools_that_are_known() -> None:
    """Each block is understood: at least one command, and every word of it read."""
    assert all(commands_of(block.text) for block in blocks_of(PAGE))


def test_thresholds_are_those_of_the_template() -> None:
    """The page says seconds, the alarms milliseconds."""
    alarms, functions = parts.of_type(parts.ALARM), parts.of_type(parts.FUNCTION)
    for verb in ("Screen", "Backfill"):
        limit, timeout = alarms[f"{verb}DurationAlarm"]["Threshold"] / 1_000, functions[f"{verb}Function"]["Timeout"]
        assert f"`{verb}DurationAlarm` ({limit:.0f} of {timeout} s)" in TEXT


def test_outputs_that_it_asks_for_exist() -> None:
    """`$(output X)` names an output of the template."""
    asked = {*re.findall(r"\$\(output (\w+)\)", TEXT)}
    assert asked
    assert asked <= parts.source()["Outputs"].keys()


@mock_aws
def test_the_copy_of_a_restored_table_is_whole(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """The page's own script copies every item, over several pages, and leaves what is only in the table."""
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.setenv(name, "local")
    monkeypatch.setenv("AWS_DEFAULT_REGION", REGION)
    properties = parts.of_type("AWS::DynamoDB::Table")["Table"]
    shape = {name: properties[name] for name in ("AttributeDefinitions", "KeySchema", "BillingMode")}
    dynamodb = boto3.resource("dynamodb")
    restored, table = (dynamodb.create_table(TableName=name, **shape) for name in ("restored", "table"))
    large = "x" * 300_000
    for k in range(8):  # a page of a scan is 1 MB
        restored.put_item(Item={"pk": "report", "sk": str(k), "text": large})
    table.put_item(Item={"pk": "report", "sk": "3", "text": "damaged"})
    table.put_item(Item={"pk": "report", "sk": "later", "text": "kept"})
    assert "LastEvaluatedKey" in restored.scan()

    (script,) = re.findall(r"```python\n(.*?)```", TEXT, re.DOTALL)
    (tmp_path / "copy_back.py").write_text(script, "utf-8")
    monkeypatch.setattr(sys, "argv", ["copy_back.py", "restored", "table"])
    runpy.run_path(str(tmp_path / "copy_back.py"))

    texts = {key: table.get_item(Key={"pk": "report", "sk": key})["Item"]["text"] for key in ("3", "7", "later")}
    assert texts == {"3": large, "7": large, "later": "kept"}
    assert capsys.readouterr().out == "8 items copied\n"
