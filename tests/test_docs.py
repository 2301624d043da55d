"""What is written about the code is what the code does."""

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import polars as pl
import pytest

from quantscout.factors import FACTORS
from quantscout.gates import FLAG_MEANINGS, FLAGS, GATES, REASONS
from quantscout.settings import Settings
from quantscout_local import scoring_doc
from quantscout_local.schema import report_schema_text
from quantscout_local.scoring_doc import scoring_text

ROOT = Path(__file__).parents[1]
PRODUCT = ROOT / "shared" / "quantscout"
ANSWERS = ("binance_answers.py", "kucoin_answers.py")
CODE = re.compile(r"[a-z][a-z0-9_]+")
TARGET = re.compile(r"^([a-z0-9_-]+):.*##", re.MULTILINE)


def read(*path: str) -> str:
    """Return the text of a file of the repository."""
    return ROOT.joinpath(*path).read_text("utf-8")


def test_the_published_schema_is_the_generated_one() -> None:
    """A change of the report's model without `make docs` is found here."""
    assert read("docs", "report.schema.json") == report_schema_text()


def test_the_page_about_scoring_is_the_generated_one() -> None:
    """A change of a table or a setting without `make docs` is found here."""
    assert read("docs", "scoring.md") == scoring_text()


@pytest.mark.parametrize(
    "settings",
    [
        Settings(weights={FACTORS[0].name: FACTORS[0].weight - 0.01, FACTORS[1].name: FACTORS[1].weight + 0.01}),
        Settings(gate_limits={"depth": (40e3, 100e3, 250e3, 500e3)}),
        Settings(gate_limits={"spread": 0.009}),
        Settings(normalisation="rank"),
        Settings(penalty_cap=0.16),
        Settings(cooldown_h=1),
    ],
)
def test_another_number_makes_the_page_stale(settings: Settings) -> None:
    """Weights, limits of gates and guardrails, and every other setting stand on the page."""
    assert read("docs", "scoring.md") != scoring_text(settings)


@pytest.mark.parametrize("part", ["name", "formula", "why", "value"])
def test_another_factor_makes_the_page_stale(monkeypatch: pytest.MonkeyPatch, part: str) -> None:
    """Every column of the table of factors stands on the page, the expression itself, too."""
    other = {"name": FACTORS[1].name, "formula": "x", "why": "because", "value": FACTORS[0].value + 1}[part]
    changed = FACTORS[0]._replace(**{part: other})  # type: ignore[arg-type]
    monkeypatch.setattr(scoring_doc, "FACTORS", (changed, *FACTORS[1:]))
    assert read("docs", "scoring.md") != scoring_text()


def test_another_threshold_of_a_flag_makes_the_page_stale(monkeypatch: pytest.MonkeyPatch) -> None:
    """What raises a flag stands on the page as it is computed."""
    late = pl.col("close") / pl.col("close_7d_ago") - 1 > 0.31
    monkeypatch.setattr(scoring_doc, "FLAGS", FLAGS | {"late": late})
    assert read("docs", "scoring.md") != scoring_text()


@pytest.mark.parametrize(
    "name",
    [*(f.name for f in FACTORS), *(g.name for g in GATES), *FLAGS, *REASONS, *Settings.model_fields],
)
def test_every_name_is_on_the_page_about_scoring(name: str) -> None:
    """Each factor, gate, flag, reason and setting has its line there."""
    assert re.search(rf"^\|(?: \d+ \|)? `{name}` \|", read("docs", "scoring.md"), re.MULTILINE)


def test_every_factor_has_its_formula() -> None:
    """No factor is published whose definition cannot be read."""
    assert [f.name for f in FACTORS if not (f.formula and f.why)] == []


def test_every_flag_has_its_sentence_and_no_other_has() -> None:
    """No contract is marked with a flag that nobody explains."""
    assert FLAG_MEANINGS.keys() == FLAGS.keys()


def universe_codes() -> Iterator[str]:
    """Return the reason codes in the venues' tables of universe rules: the first member of each rule."""
    for name in ANSWERS:
        tree = ast.parse((PRODUCT / "venues" / name).read_text("utf-8"))
        rules = [node for node in ast.walk(tree) if isinstance(node, ast.FunctionDef) and "ineligible" in node.name]
        for rule in (
            node for function in rules for node in ast.walk(function) if isinstance(node, ast.Tuple) and node.elts
        ):
            match rule.elts[0]:
                case ast.Constant(value=str(code)) if CODE.fullmatch(code):
                    yield code


def fate_codes() -> Iterator[str]:
    """Return the reason codes that `decide` gives by itself: the second member of each of its cases."""
    tree = ast.parse((PRODUCT / "decide.py").read_text("utf-8"))
    [fate] = [node for node in ast.walk(tree) if isinstance(node, ast.FunctionDef) and node.name == "_fate"]
    [cases] = [
        node.value
        for node in ast.walk(fate)
        if isinstance(node, ast.Assign) and ast.unparse(node.targets[0]) == "cases"
    ]
    assert isinstance(cases, ast.List)
    for case in cases.elts:
        match case:
            case ast.Tuple(
                elts=[_, ast.Call(func=ast.Attribute(attr="lit"), args=[ast.Constant(value=str(code))]), *_]
            ):
                yield code


def test_every_reason_has_its_sentence() -> None:
    """No contract is rejected with a code that nobody explains."""
    codes = (
        {code for gate in GATES for code in (gate.reason, gate.unknown_reason)} | {*universe_codes()} | {*fate_codes()}
    )
    assert {"delisting", "not_coin", "same_coin", "insufficient_coverage"} <= codes
    assert codes - REASONS.keys() == set()


def test_no_sentence_is_for_a_reason_that_cannot_be() -> None:
    """The table of reasons holds nothing that was once there."""
    codes = (
        {code for gate in GATES for code in (gate.reason, gate.unknown_reason)} | {*universe_codes()} | {*fate_codes()}
    )
    assert REASONS.keys() - codes == set()


def test_reason_codes_are_plain_names() -> None:
    """They are keys in JSON and columns in tables."""
    assert all(CODE.fullmatch(code) for code in [*REASONS, *FLAGS, *(factor.name for factor in FACTORS)])


def test_the_weights_sum_to_one() -> None:
    """A score of 100 is possible, and no more."""
    assert sum(factor.weight for factor in FACTORS) == pytest.approx(1.0, abs=1e-12)


@pytest.mark.parametrize("name", ["README.md", "CHANGELOG.md", "LICENSE"])
def test_a_repository_has_its_papers(name: str) -> None:
    """They are there, and say something."""
    assert len(read(name)) > 100


def test_the_readme_names_targets_that_exist() -> None:
    """Every `make x` of the README is in the Makefile."""
    targets = {*TARGET.findall(read("Makefile"))}
    named = {
        *re.findall(
            r"`?make ([a-z][a-z0-9-]+)`?", "\n".join(re.findall(r"```.*?```|`[^`\n]+`", read("README.md"), re.DOTALL))
        )
    }
    assert {"run", "test"} <= named
    assert named - targets == set()


def test_the_readme_names_files_that_exist() -> None:
    """Every relative link of the README and the documents leads somewhere."""
    for document in (ROOT / "README.md", *sorted((ROOT / "docs").rglob("*.md"))):
        links = re.findall(r"\]\((?!https?:|#|mailto:)([^)#\s]+)", document.read_text("utf-8"))
        assert [link for link in links if not (document.parent / link).exists()] == [], document.name


def test_documents_that_the_code_names_exist() -> None:
    """A comment or a message that sends a reader to docs/x.md sends them to a page."""
    sources = [
        *PRODUCT.rglob("*.py"),
        *(ROOT / "local").rglob("*.py"),
        *(ROOT / "functions").rglob("*.py"),
        ROOT / "template.yaml",
    ]
    named = {
        page for source in sources for page in re.findall(r"docs/[\w./-]+\.(?:md|json)", source.read_text("utf-8"))
    }
    assert {page for page in named if not (ROOT / page).exists()} == set()


def test_every_line_of_the_shown_email_is_explained() -> None:
    """What begins a line of the README's e-mail has its row in the guide for readers."""
    shown = read("README.md").partition("<!-- email:begin -->\n```text\n")[2].partition("```")[0]
    starts = {line.split()[0] for line in shown.splitlines() if re.match(r"[A-Za-z]", line)}
    table = read("docs", "reading-a-report.md").partition("<!-- lines -->")[2].partition("\n\n## ")[0]
    cells = [row.split("|")[1] for row in table.splitlines() if row.startswith("|")]
    explained = {word.split()[0] for cell in cells for word in re.findall(r"`([^`]+)`", cell)}
    assert {"Saw", "Market:", "Run"} <= starts
    assert starts - explained - {"Price,", "Not"} == set()


@pytest.mark.parametrize("folder", ["docs", "docs/decisions"])
def test_every_page_is_in_its_index(folder: str) -> None:
    """A page that no index names is found by nobody."""
    index = read(*folder.split("/"), "README.md")
    pages = {page.name for page in (ROOT / folder).glob("*.md")} - {"README.md"}
    assert {page for page in pages if f"]({page}" not in index} == set()


def test_every_anchor_leads_to_a_heading() -> None:
    """A link into a page names a heading of it, as GitHub spells it."""
    lost = []
    for document in (ROOT / "README.md", *sorted((ROOT / "docs").rglob("*.md"))):
        for path, anchor in re.findall(r"\]\((?!https?:)([^)#\s]*)#([^)\s]+)\)", document.read_text("utf-8")):
            page = (document.parent / path).resolve() if path else document
            if page.suffix == ".md" and anchor not in anchors_of(page):
                lost.append(f"{document.name}: {path}#{anchor}")
    assert lost == []


def anchors_of(page: Path) -> set[str]:
    """Return the anchors that GitHub gives to a page's headings."""
    text = re.sub(r"^```.*?^```$", "", page.read_text("utf-8"), flags=re.MULTILINE | re.DOTALL)
    headings = re.findall(r"^#+ +(.+?) *$", text, re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in headings}


def test_the_decisions_index_says_each_title() -> None:
    """A decision that is renamed is renamed in the index, too."""
    titles = {page.name: page.read_text("utf-8").splitlines()[0] for page in (ROOT / "docs/decisions").glob("0*.md")}
    index = read("docs", "decisions", "README.md")
    rows = re.findall(r"^\| \[(\d+)\]\((.+?)\) \| (.+) \|$", index, re.MULTILINE)
    assert {name: f"# {number}. {title}" for number, name, title in rows} == titles


def test_the_readmes_word_on_the_cost_is_the_costs_page() -> None:
    """What a month costs after what is free, on the page that is measured, is what the README says of it."""
    [total] = re.findall(r"^\| \*\*together\*\* .*\*\*([\d.]+)\*\* \|$", read("docs", "cost.md"), re.MULTILINE)
    [said] = re.findall(r"costs under (\d+) US dollars after what is free", read("README.md"))
    assert float(total) < float(said)
