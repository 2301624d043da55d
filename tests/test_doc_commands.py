"""Every shell command of README.md and docs/ is one that its tool takes; what the walk does with it is said."""

import re
import runpy
import shutil
import subprocess
from pathlib import Path

import pytest

from doc_aws import aws_problem
from doc_commands import ROOT, SAM, Block, blocks_of, calls_of, commands_of, documents, problem_of
from quantscout_local.resources import load_template

BLOCKS = [block for document in documents() for block in blocks_of(document)]
WALKED = ("README.md", "deploy.md")
MARK = re.compile(r"run|run, may fail: .+|skip, .+")
QUESTION = re.compile(r"((?:[A-Z]\w+ )*[\w ]+) \[(.*?)\]: ?")
PARAMETER = re.compile(r"^Parameter (\w+) \[(.*?)\]:", re.MULTILINE)


def needs_sam(block: Block) -> bool:
    """Tell whether a block cannot be checked without the SAM command line."""
    return bool(re.search(r"(^|[ /])sam ", block.text, re.MULTILINE)) and not SAM.exists()


def test_the_documents_have_commands() -> None:
    """The checker finds what it is to check."""
    assert {"README.md", "deploy.md", "failures.md", "subscriptions.md"} <= {block.document for block in BLOCKS}


@pytest.mark.parametrize("block", BLOCKS, ids=lambda block: f"{block.document}:{block.line}")
def test_a_command_is_one_that_its_tool_takes(block: Block) -> None:
    """Programs, commands, options and values of a block exist."""
    if needs_sam(block):
        pytest.skip(f"{SAM} is not there: make validate installs it")
    problems = [problem_of(call) for command in commands_of(block.text) for call in calls_of(command)]
    assert [problem for problem in problems if problem] == []


@pytest.mark.parametrize(
    ("command", "said"),
    [
        ("aws sns subscribe --topic-arn x --protocol email --adress me@example.org", "has no --adress"),
        ("aws sns subscribe --protocol email", "Missing required"),
        ("aws sns subscribe-all --topic-arn x", "no command"),
        ("aws snss subscribe", "no service"),
        ("aws s3 rm s3://x --recursively", "has no"),
        ("aws lambda invoke --function-name x --invocation-type Evnt out.json", "is none of"),
        ('aws dynamodb get-item --table-name x --key \'{"pk": "run"}\'', "Invalid type"),
        ("aws logs filter-log-events --log-group-name x --limit many", "invalid literal"),
        ("quantscout explain COS --att 2026-03-01T12:00Z", "No such option"),
        ("quantscout explan COS", "no command"),
        ("quantscout failures replay --id", "requires an argument"),
        ("make buidl", "no buidl"),
        ("make build ARHC=arm64", "no ARHC"),
        ("tools/nothing", "there is no"),
        ("frobnicate", "nobody here knows"),
        ("echo $(make nothing)", "no nothing"),
        ("make help | make nothing", "no nothing"),
        ("f() { make nothing; }", "no nothing"),
        ("printf x | xargs aws sns unsubscribe --arn", "has no --arn"),
        ("for name in a b; do make nothing; done", "no nothing"),
        ("f() { for name in a b; do make help && make nothing; done; }", "no nothing"),
    ],
)
def test_a_wrong_command_is_found(command: str, said: str) -> None:
    """A wrong word in any place of a command is named."""
    problems: list[str] = []
    for call in calls_of(command):
        try:
            problems.append(problem_of(call) or "")
        except ValueError as error:
            problems.append(str(error))
    assert any(said in problem for problem in problems)


@pytest.mark.skipif(not SAM.exists(), reason=f"{SAM} is not there: make validate installs it")
@pytest.mark.parametrize(
    ("command", "said"),
    [("sam deploy --guide", "has no"), ("sam deplow", "no command"), ("sam remote invoke X --events '{}'", "has no")],
)
def test_a_wrong_option_of_sam_is_found(command: str, said: str) -> None:
    """The installed SAM's own help decides."""
    [call] = calls_of(command)
    assert said in (problem_of(call) or "")


def test_values_are_read_as_the_command_line_reads_them() -> None:
    """JSON, shorthand, lists, numbers and switches are told apart."""
    sound = (
        ["scheduler", "create-schedule", "--name", "x", "--schedule-expression", "rate(1 hour)",
         "--flexible-time-window", "Mode=OFF", "--target", '{"Arn": "a", "RoleArn": "r"}'],
        ["cloudwatch", "disable-alarm-actions", "--alarm-names", "a", "b"],
        ["dynamodb", "update-table", "--table-name", "abc", "--no-deletion-protection-enabled"],
        ["dynamodb", "update-time-to-live", "--table-name", "abc", "--time-to-live-specification",
         "Enabled=true,AttributeName=expires_at"],
    )  # fmt: skip
    assert [aws_problem(list(words)) for words in sound] == [None] * len(sound)


@pytest.mark.parametrize("block", [b for b in BLOCKS if b.document in WALKED], ids=lambda b: f"{b.document}:{b.line}")
def test_the_walk_knows_what_to_do_with_a_block(block: Block) -> None:
    """Each block of the newcomer's way is run, or skipped with a reason."""
    assert MARK.fullmatch(block.mark)


def test_the_shown_deployment_asks_what_the_template_asks() -> None:
    """Every parameter in the template's order, with its default; another parameter makes the page stale."""
    parameters = load_template(ROOT / "template.yaml")["Parameters"]
    asked = PARAMETER.findall((ROOT / "docs/deploy.md").read_text("utf-8"))
    assert asked == [(name, str(row["Default"])) for name, row in parameters.items()]


def test_each_parameter_is_explained() -> None:
    """The table below the deployment has a line for each."""
    page = (ROOT / "docs/deploy.md").read_text("utf-8")
    table = page.partition("<!-- parameters -->\n")[2].partition("\n\n")[0]
    explained = {name for line in table.splitlines() for name in re.findall(r"`(\w+)`", line.split("|")[1])}
    assert explained == {*load_template(ROOT / "template.yaml")["Parameters"]}


def test_the_stack_has_the_outputs_that_commands_ask_for() -> None:
    """`$(output X)` names an output of the template."""
    asked = {name for block in BLOCKS for name in re.findall(r"\$\(output (\w+)\)", block.text)}
    assert "SourceKeysSecretArn" in asked
    assert asked - {*load_template(ROOT / "template.yaml")["Outputs"]} == set()


def test_the_walk_reads_the_same_commands() -> None:
    """What `make walk` takes out of the documents is what is checked here, mark by mark."""
    walk = runpy.run_path(str(ROOT / "tools" / "walk.py"))
    for name in walk["DOCUMENTS"]:
        read = [(step.mark, step.command) for step in walk["steps_of"](name, (ROOT / name).read_text("utf-8"))]
        here = [(block.mark, command) for block in blocks_of(ROOT / name) for command in commands_of(block.text)]
        assert [(mark, command.split()) for mark, command in read] == [(m, command.split()) for m, command in here]


def test_the_walk_comes_as_far_as_an_account() -> None:
    """It runs, builds and checks; it deploys nothing and asks AWS for nothing."""
    walked = [
        (block.mark, command) for block in BLOCKS if block.document in WALKED for command in commands_of(block.text)
    ]
    run = [command for mark, command in walked if mark.startswith("run")]
    assert any(command.startswith("make run") for command in run)
    assert any(command.startswith("make build ARCH=arm64") for command in run)
    assert not [command for command in run if re.search(r"\baws |sam (deploy|delete|remote|logs|list)\b", command)]


@pytest.mark.skipif(not SAM.exists(), reason=f"{SAM} is not there: make validate installs it")
def test_the_installed_sam_asks_what_is_shown(tmp_path: Path) -> None:
    """`sam deploy --guided` as the page calls it, up to where it needs AWS: the same questions and defaults."""
    built = tmp_path / "clone" / ".aws-sam" / "arm64"
    built.mkdir(parents=True)
    shutil.copy(ROOT / "template.yaml", built)
    shutil.copy(ROOT / "samconfig.toml", tmp_path / "quantscout.toml")
    [command] = [c for b in BLOCKS if b.document == "deploy.md" for c in commands_of(b.text) if "--guided" in c]
    [call] = calls_of(command.replace("$PWD", str(tmp_path / "clone")))
    nowhere = dict.fromkeys(("AWS_ENDPOINT_URL", "HTTPS_PROXY", "HTTP_PROXY"), "http://127.0.0.1:9")
    nowhere |= {"NO_PROXY": "127.0.0.1", "AWS_MAX_ATTEMPTS": "1", "AWS_DEFAULT_REGION": "eu-central-1"}
    nobody = {"AWS_ACCESS_KEY_ID": "x", "AWS_SECRET_ACCESS_KEY": "x", "HOME": str(tmp_path), "SAM_CLI_TELEMETRY": "0"}
    said = subprocess.run(
        [SAM, *call[1:]], cwd=tmp_path / "clone", env=nowhere | nobody, input="\n" * 60,
        capture_output=True, text=True, check=False, timeout=300,
    )  # fmt: skip
    shown = (ROOT / "docs/deploy.md").read_text("utf-8").partition("<!-- transcript -->")[2].partition("\n...")[0]
    page = [(name, default) for name, default in QUESTION.findall(shown) if name != "SAM configuration file"]
    sam = [(name, default) for name, default in QUESTION.findall(said.stdout) if name != "SAM configuration file"]
    assert len(page) > len(PARAMETER.findall(shown))
    assert sam == page, said.stderr


@pytest.mark.parametrize(
    ("mark", "status", "goes_on"),
    [
        ("run", 0, True),
        ("run", 1, False),
        ("run, may fail: no network", 1, True),
        ("run, may fail: no network", 127, False),
    ],
)
def test_the_walk_stops_where_a_command_fails(tmp_path: Path, mark: str, status: int, goes_on: bool) -> None:
    """Only a command that may fail may, and only with exit 1: a program that is not there is no refusal."""
    walk = runpy.run_path(str(ROOT / "tools" / "walk.py"))
    assert walk["run"](walk["Step"]("a page", f"exit {status}", mark), tmp_path) is goes_on
