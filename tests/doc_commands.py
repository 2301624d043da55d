"""Commands of the documents, taken apart and held against the tools that they call. Nothing is run.

`problem_of` says what is wrong with one call: `aws` by botocore's service models, `sam` by its own help, `quantscout`
by the typer application, `make` by the Makefile. A program that nobody knows is a problem, too.
"""

import re
import shlex
import subprocess
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import NamedTuple

import typer
from typer.main import get_command

from doc_aws import aws_problem

ROOT = Path(__file__).parents[1]
SAM = ROOT / ".venv-sam" / "bin" / "sam"
FENCE = re.compile(r"(?:^<!-- walk: (?P<mark>[^\n]*?) -->\n)?^```sh\n(?P<text>.*?)^```$", re.MULTILINE | re.DOTALL)
INNER = re.compile(r"\$\(([^()]*(?:\([^()]*\)[^()]*)*)\)")
FUNCTION = re.compile(r"^(\w+)\(\) \{ (.*); \}$")
PLAIN = frozenset(
    {
        *("cd", "cp", "date", "echo", "export", "printf", "read", "sudo", "test", "unset"),
        *("cfn-lint", "git", "jq", "python3.13", "tail", "xargs"),
        *("alarms", "made", "output", "schedules"),
    }
)
"""Programs and words of the shell whose options are nobody's here; the last are defined in docs/deploy.md."""
OPERATORS = {"|", "||", "&&", ";", "&"}
USAGE_ERROR: type[Exception] = typer.BadParameter.__bases__[0]
"""What typer raises for anything that a command does not take."""


class Block(NamedTuple):
    """A fenced block of shell commands: its document, first line, the walk's mark (empty without), and its text."""

    document: str
    line: int
    mark: str
    text: str


def documents() -> list[Path]:
    """Return README.md and every page below docs/."""
    return [ROOT / "README.md", *sorted((ROOT / "docs").rglob("*.md"))]


def blocks_of(document: Path) -> list[Block]:
    """Return the document's shell blocks in their order."""
    text = document.read_text("utf-8")
    return [
        Block(document.name, text.count("\n", 0, found.start("text")), found["mark"] or "", found["text"])
        for found in FENCE.finditer(text)
    ]


def commands_of(text: str) -> list[str]:
    """Return a block's commands: lines joined where they go on, comments and blank lines left out."""
    joined = re.sub(r"(\\|\|)\n\s*", lambda found: " " if found[1] == "\\" else "| ", text)
    lines = (line.strip() for line in joined.splitlines())
    return [line for line in lines if line and not line.startswith("#")]


def calls_of(command: str) -> Iterator[list[str]]:
    """Return each program's arguments in a command: pipes and lists taken apart, `$(...)` as calls of their own.

    Assignments before a call, redirections and comments are left out; the body of a one-line function counts.
    """
    if defined := FUNCTION.match(command):
        command = defined[2]
    for inner in INNER.findall(command):
        yield from calls_of(inner)
    lexer = shlex.shlex(INNER.sub("SUBSTITUTED", command), posix=True, punctuation_chars="|&;<>")
    lexer.commenters, lexer.whitespace_split = "#", True
    call: list[str] = []
    for word in [*lexer, ";"]:
        if word not in OPERATORS:
            call.append(word)
            continue
        yield from _bare(call)
        call = []


def _bare(call: list[str]) -> Iterator[list[str]]:
    """Return the call without words of a loop, assignments and redirections, if any is left; of xargs what it calls."""
    if call and call[0] in {"for", "done"}:
        return
    while call and (call[0] == "do" or re.match(r"^\w+=", call[0])):
        call = call[1:]
    if ">" in call:
        call = call[: call.index(">")]
    if call and call[0] == "xargs":
        call = [*call[1:], "SUBSTITUTED"]
    if call:
        yield call


def problem_of(call: list[str]) -> str | None:
    """Return what is wrong with a call, None where nothing is."""
    program, arguments = call[0].rpartition("/")[2], call[1:]
    known = {"aws": aws_problem, "sam": sam_problem, "quantscout": quantscout_problem, "make": make_problem}
    if program in known:
        return known[program](arguments)
    if "/" in call[0] and not call[0].startswith(("/tmp/", ".venv")) and not (ROOT / call[0]).exists():
        return f"there is no {call[0]}"
    return None if program in PLAIN or "/" in call[0] else f"nobody here knows the program {program}"


# make


def make_problem(arguments: list[str]) -> str | None:
    """Refuse a target that the Makefile lacks, and a variable that it does not use."""
    makefile = (ROOT / "Makefile").read_text("utf-8")
    for word in arguments:
        name, is_variable, _ = word.partition("=")
        pattern = rf"\$\([^)]*\b{name}\b" if is_variable else rf"^{re.escape(name)}:"
        if not re.search(pattern, makefile, re.MULTILINE):
            return f"the Makefile has no {word}"
    return None


# quantscout


def quantscout_problem(arguments: list[str]) -> str | None:
    """Refuse a command, option or number of arguments that the command line does not take."""
    from quantscout_local.cli import app  # noqa: PLC0415 - only where it is needed

    command, path = get_command(app), "quantscout"
    words = [word for word in arguments if word != "--version"]
    while isinstance(command, typer.core.TyperGroup) and words:
        path, found = f"{path} {words[0]}", command.commands.get(words[0])
        if found is None:
            return f"there is no command {path}"
        command, words = found, words[1:]
    if "--help" in words:
        return None
    try:
        command.make_context(path, words, resilient_parsing=False)
    except USAGE_ERROR as error:
        return f"{path}: {getattr(error, 'message', error)}"
    return None


# sam


@cache
def sam_options(command: str) -> frozenset[str]:
    """Return the options of a command of the installed SAM by its help; empty if it has no such command."""
    environment = {"SAM_CLI_TELEMETRY": "0", "AWS_DEFAULT_REGION": "eu-central-1", "HOME": "/nonexistent", "PATH": ""}
    done = subprocess.run(
        [SAM, *command.split(), "--help"], capture_output=True, text=True, check=False, env=environment
    )
    options = re.findall(r"(?:^|[ ,])(--[a-z][a-z-]*[a-z]|-[a-z])\b", done.stdout, re.MULTILINE)
    return frozenset(options) if done.returncode == 0 else frozenset()


def sam_problem(arguments: list[str]) -> str | None:
    """Refuse a command or option that SAM does not have."""
    words = 2 if arguments[0] in {"remote", "list", "local", "pipeline"} else 1
    command = " ".join(arguments[:words])
    options = sam_options(command)
    if not options:
        return f"sam has no command {command}"
    given = {word.partition("=")[0] for word in arguments[words:] if re.match(r"^-[a-z-]", word)}
    return f"sam {command} has no {sorted(given - options)}" if given - options else None
