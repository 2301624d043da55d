"""The report's schema only gains within a major version (docs/report.md)."""

import hashlib
import json
import re
from collections.abc import Callable, Iterator
from copy import deepcopy
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import jsonschema
import pytest

import market_frames as mf
from quantscout import SCHEMA_VERSION
from quantscout.models import Report
from quantscout.regime import Regime
from quantscout.report import Facts, build_report
from quantscout.settings import Settings
from quantscout_local.schema import report_schema_text

DOCS = Path(__file__).parents[1] / "docs"
PUBLISHED = {
    "1.0": "46a7c6993176149cf452c849d7089ffe0f293229fc965ea427fde8b4a9947f18",
    "1.1": "7b397c1499652d574739af310c05b6884b4241bf08a888fc271ff63b1ba8bf92",
}
WORDS = {"title", "description", "examples", "deprecated", "$defs", "$schema", "properties", "required", "default"}
"""What may change without changing which values are valid, and what is compared by itself."""
Schema = dict[str, Any]


def published(version: str) -> Schema:
    """Return a published schema."""
    schema: Schema = json.loads((DOCS / "schema" / f"report-{version}.json").read_text("utf-8"))
    return schema


def today() -> Schema:
    """Return the schema that the code gives now."""
    schema: Schema = json.loads(report_schema_text())
    return schema


def objects(schema: Schema) -> dict[str, Schema]:
    """Return the report and everything that it is made of, by name."""
    return {"Report": schema, **schema["$defs"]}


def rules(part: Any) -> Any:
    """Return what of a part of a schema decides about a value: all but the words."""
    if isinstance(part, dict):
        return {key: rules(value) for key, value in part.items() if key not in WORDS}
    return sorted((rules(each) for each in part), key=str) if isinstance(part, list) else part


def breaches(old: Schema, new: Schema) -> Iterator[str]:
    """Return where the new schema is no superset of the old one with additions alone."""
    for name, before in objects(old).items():
        after = objects(new).get(name)
        if after is None:
            yield f"{name} is gone"
            continue
        if rules(before) != rules(after):
            yield f"{name} has other rules"
        yield from _property_breaches(name, before, after)


def _property_breaches(name: str, before: Schema, after: Schema) -> Iterator[str]:
    was, now = before.get("properties", {}), after.get("properties", {})
    yield from (f"{name}.{key} is gone" for key in was.keys() - now.keys())
    yield from (f"{name}.{key} changed" for key in was.keys() & now.keys() if rules(was[key]) != rules(now[key]))
    must, shall = set(before.get("required", [])), set(after.get("required", []))
    yield from (f"{name}.{key} is no longer required" for key in must - shall)
    yield from (f"{name}.{key} is required, which older reports lack" for key in shall - must)


def additions(old: Schema, new: Schema) -> set[str]:
    """Return the objects and properties that only the new schema has."""
    was, now = objects(old), objects(new)
    found = {f"{name}.{key}" for name in was.keys() & now.keys() for key in _keys(now[name]) - _keys(was[name])}
    return found | (now.keys() - was.keys())


def _keys(part: Schema) -> set[str]:
    return set(part.get("properties", {}))


def _of_this_major() -> list[str]:
    return [version for version in PUBLISHED if version.split(".")[0] == SCHEMA_VERSION.split(".")[0]]


@pytest.mark.parametrize("version", _of_this_major())
def test_todays_schema_only_adds(version: str) -> None:
    """Every property of a published version is still there, with its type, bounds, enum and requiredness."""
    assert list(breaches(published(version), today())) == []


@pytest.fixture(scope="module")
def report() -> dict[str, Any]:
    """Return the JSON of a report of today."""
    settings, now = Settings(min_coverage=0.5), datetime(2026, 3, 1, 12, 1, tzinfo=UTC)
    facts = Facts(mf.NOON, now, Regime("neutral", {}, []), {}, [], None)
    made: dict[str, Any] = json.loads(build_report(mf.decide_hour(mf.made_hour(4)), facts, settings).to_json())
    return made


def cut(value: Any, part: Schema, schema: Schema) -> Any:
    """Return a value without the properties that a schema does not know: what a consumer of that version reads."""
    name = part.get("$ref", "").removeprefix("#/$defs/")
    part = schema["$defs"][name] if name else part
    if isinstance(value, list):
        return [cut(each, part.get("items", {}), schema) for each in value]
    if not isinstance(value, dict):
        return value
    known, others = part.get("properties", {}), part.get("additionalProperties")
    kept = {key: cut(each, known[key], schema) for key, each in value.items() if key in known}
    inner = others if isinstance(others, dict) else {}  # true: anything goes
    return kept if others is False else {key: cut(each, inner, schema) for key, each in value.items()}


@pytest.mark.parametrize("version", _of_this_major())
def test_a_consumer_of_a_published_version_can_read_todays_report(report: dict[str, Any], version: str) -> None:
    """Without the properties that it does not know, today's report is valid under the older schema."""
    old = published(version)
    jsonschema.validate(cut(report, old, old), old, jsonschema.Draft202012Validator)


@pytest.mark.parametrize("version", _of_this_major())
def test_the_product_reads_reports_of_published_versions(report: dict[str, Any], version: str) -> None:
    """A report as that version wrote it is read by today's model."""
    old = published(version)
    older = cut(report, old, old) | {"schema_version": version}
    assert Report.model_validate(older).schema_version == version
    jsonschema.validate(older, today(), jsonschema.Draft202012Validator)


@pytest.mark.parametrize("version", _of_this_major())
def test_an_addition_has_a_new_minor_version(version: str) -> None:
    """A published version says exactly what is in it: its schema never changes under its own number."""
    assert version != SCHEMA_VERSION or published(version) == today()
    assert not additions(published(version), today()) or _parts(version) < _parts(SCHEMA_VERSION)


def _parts(version: str) -> tuple[int, ...]:
    return tuple(map(int, version.split(".")))


def test_published_files_are_never_edited() -> None:
    """Each file in docs/schema is the one that was published, and each version has its file."""
    files = {path.stem.removeprefix("report-"): path.read_bytes() for path in (DOCS / "schema").glob("report-*.json")}
    assert {version: hashlib.sha256(text).hexdigest() for version, text in files.items()} == PUBLISHED


def test_the_version_is_major_and_minor() -> None:
    """A consumer looks at the part before the point."""
    assert re.fullmatch(r"\d+\.\d+", SCHEMA_VERSION)


def test_every_version_is_told() -> None:
    """docs/report.md names each version with what it added; of today's it names every new property."""
    page = (DOCS / "report.md").read_text("utf-8")
    told = dict(re.findall(r"^\| (\d+\.\d+) \| (.*) \|$", page, re.MULTILINE))
    assert {*PUBLISHED, SCHEMA_VERSION} == told.keys()
    new = {name.split(".")[-1] for name in additions(published(max(PUBLISHED, key=_parts)), today())}
    assert {name for name in new if f"`{name}`" not in told[SCHEMA_VERSION]} == set()


def test_every_object_is_closed() -> None:
    """A schema says exactly what its version writes (docs/report.md); only tables with open keys are open."""
    assert all(part["additionalProperties"] is False for part in objects(today()).values())


def _rename(schema: Schema) -> None:
    schema["properties"]["states"] = schema["properties"].pop("status")


def _widen(schema: Schema) -> None:
    schema["properties"]["status"]["enum"].append("maybe")


def _narrow(schema: Schema) -> None:
    schema["properties"]["status"]["enum"].remove("no_data")


def _let_go(schema: Schema) -> None:
    schema["required"].remove("hour")


def _demand(schema: Schema) -> None:
    schema["required"].append("settings")


def _retype(schema: Schema) -> None:
    schema["$defs"]["Gem"]["properties"]["price"]["type"] = "string"


def _allow_null(schema: Schema) -> None:
    schema["$defs"]["Gem"]["properties"]["price"] = {"anyOf": [{"type": "number"}, {"type": "null"}]}


def _move_bound(schema: Schema) -> None:
    schema["$defs"]["Gem"]["properties"]["rank"]["maximum"] = 10


def _open(schema: Schema) -> None:
    schema["$defs"]["Funnel"]["additionalProperties"] = True


def _drop(schema: Schema) -> None:
    del schema["$defs"]["Funnel"]


@pytest.mark.parametrize(
    "change", [_rename, _widen, _narrow, _let_go, _demand, _retype, _allow_null, _move_bound, _open, _drop]
)
def test_what_is_no_addition_is_found(change: Callable[[Schema], None]) -> None:
    """The comparison sees every kind of change that would break somebody."""
    other = deepcopy(today())
    change(other)
    assert list(breaches(published("1.0"), other)) != []


def test_words_and_new_optional_properties_break_nobody() -> None:
    """A description may be better said, and a property may come."""
    other = deepcopy(today())
    other["properties"]["hour"]["description"] = "said better"
    other["$defs"]["Gem"]["properties"]["note"] = {"type": "string"}
    assert list(breaches(published("1.0"), other)) == []
    assert "Gem.note" in additions(published("1.0"), other)
