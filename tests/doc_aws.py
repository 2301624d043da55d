"""Calls of the AWS command line, read by botocore's models: service, operation, options, required ones, values."""

import json
import re
from collections.abc import Mapping
from functools import cache
from typing import Any, NamedTuple

import botocore.session
from botocore import xform_name
from botocore.exceptions import UnknownServiceError
from botocore.model import OperationModel, ServiceModel, Shape
from botocore.validate import ParamValidator

GLOBAL = {"--region": 1, "--profile": 1, "--query": 1, "--output": 1, "--endpoint-url": 1, "--no-cli-pager": 0,
          "--no-paginate": 0, "--max-items": 1, "--cli-binary-format": 1, "--cli-read-timeout": 1}  # fmt: skip
"""Options that every command takes, and how many words follow."""
OWN = {
    "s3 cp": {"--recursive", "--quiet"},
    "s3 ls": {"--recursive", "--human-readable", "--summarize"},
    "s3 rm": {"--recursive", "--quiet"},
    "s3 rb": {"--force"},
    "logs tail": {"--follow", "--since", "--format", "--filter-pattern"},
}
"""Commands that the AWS command line adds by itself, which no service model knows, and those of their options used."""
WRITES_A_FILE = {"lambda invoke"}
"""Commands whose last word, without a name, is the file that takes the answer."""
RENAMED = {("sns subscribe", "notification-endpoint"): "Endpoint"}
"""Options that the command line calls otherwise than the service, because a global one has the name."""
UNKNOWN = re.compile(r"\$|SUBSTITUTED|^file(b)?://")
"""A value that is only known when the command runs."""
STAND_INS: Mapping[str, Any] = {"integer": 1, "long": 1, "structure": {}, "map": {}, "blob": b"", "list": []}


class AwsCall(NamedTuple):
    """A call as boto3 makes it: `getattr(boto3.client(service), method)(**parameters)`."""

    service: str
    method: str
    parameters: dict[str, Any]


class CommandError(ValueError):
    """A command that AWS's command line does not take."""


@cache
def service_model(name: str) -> ServiceModel:
    """Return a service's model."""
    try:
        return botocore.session.Session().get_service_model(name)
    except UnknownServiceError as cause:
        raise CommandError(f"aws has no service {name}") from cause


def aws_problem(arguments: list[str]) -> str | None:
    """Return what is wrong with the arguments of `aws`, None where nothing is."""
    command = " ".join(arguments[:2])
    if command in OWN:
        given = {word for word in arguments[2:] if word.startswith("--")}
        refused = given - OWN[command] - GLOBAL.keys()
        return f"aws {command} has no {sorted(refused)}" if refused else None
    try:
        read_call(arguments)
    except ValueError as error:
        return str(error)
    return None


def read_call(arguments: list[str]) -> AwsCall:
    """Return the call that the arguments of `aws` make (CommandError; ValueError for a value that cannot be read)."""
    model, command = service_model(arguments[0]), " ".join(arguments[:2])
    operations = {xform_name(name, "-"): name for name in model.operation_names}
    name = operations.get(" ".join(arguments[1:2]))
    if name is None:
        raise CommandError(f"aws has no command {command}")
    operation = model.operation_model(name)
    given = _by_option(command, arguments[2:-1] if command in WRITES_A_FILE else arguments[2:])
    parameters = _parameters(operation, command, given)
    if "--cli-input-json" not in given:
        _check(operation, command, parameters)
    return AwsCall(arguments[0], xform_name(name), parameters)


def _by_option(command: str, words: list[str]) -> dict[str, list[str]]:
    """Return the words behind each option; a word that belongs to none is refused."""
    given: dict[str, list[str]] = {}
    option = ""
    for word in words:
        if word.startswith("--"):
            option = word
            given[option] = []
        elif not option or len(given[option]) >= GLOBAL.get(option, len(words)):
            raise CommandError(f"aws {command}: what is {word}?")
        else:
            given[option].append(word)
    return given


def _parameters(operation: OperationModel, command: str, given: Mapping[str, list[str]]) -> dict[str, Any]:
    members: dict[str, Shape] = dict(operation.input_shape.members) if operation.input_shape else {}
    names = {xform_name(name, "-"): name for name in members}
    names |= {option: name for (of, option), name in RENAMED.items() if of == command}
    parameters: dict[str, Any] = {}
    for option in given.keys() - GLOBAL.keys() - {"--cli-input-json"}:
        name = option.removeprefix("--")
        is_no = name not in names and name.startswith("no-")
        member = names.get(name.removeprefix("no-") if is_no else name)
        if member is None:
            raise CommandError(f"aws {command} has no {option}")
        parameters[member] = (
            not is_no if members[member].type_name == "boolean" else _value(members[member], given[option])
        )
    return parameters


def _value(shape: Shape, values: list[str]) -> Any:
    """Return a value as the command line reads it; a stand-in for one that is known only when the command runs."""
    kind, text = shape.type_name, " ".join(values)
    if UNKNOWN.search(text) and not text.startswith("{"):
        return STAND_INS.get(kind, "x" * 20) if kind != "list" else [_value(shape.member, [value]) for value in values]  # type: ignore[attr-defined]
    if text[:1] in {"{", "["} and kind in {"structure", "map", "list"}:
        return json.loads(text)
    if kind in {"structure", "map"}:
        return _shorthand(shape, text)
    if kind == "list":
        return [_value(shape.member, [value]) for value in values]  # type: ignore[attr-defined]
    if kind == "boolean" and text in {"true", "false"}:
        return text == "true"
    return int(text) if kind in {"integer", "long"} else text


def _shorthand(shape: Shape, text: str) -> dict[str, Any]:
    """Return `A=1,B=2` as an object; values of a structure by their own shape."""
    pairs = dict(part.split("=", 1) for part in re.split(r",(?=\w+=)", text))
    members = getattr(shape, "members", {})
    return {key: _value(members[key], [value]) if key in members else value for key, value in pairs.items()}


def _check(operation: OperationModel, command: str, parameters: dict[str, Any]) -> None:
    """Refuse what the service's own model refuses, and a word that is none of a list of words."""
    if operation.input_shape is None:
        return
    found = ParamValidator().validate(parameters, operation.input_shape)
    if found.has_errors():
        raise CommandError(f"aws {command}: {found.generate_report()}")
    for name, value in parameters.items():
        choices = getattr(operation.input_shape.members[name], "enum", [])
        if choices and value not in choices and value != "x" * 20:
            raise CommandError(f"aws {command}: {name} is none of {choices}")
