"""A report is whole, readable and inert: words, tables and plots that ask nothing of the outside."""

import copy
import json
import re
from collections.abc import Iterator
from html.parser import HTMLParser
from io import StringIO
from pathlib import Path
from typing import Any

import pytest
from attacks import ATTACKS
from lighthouse import QUESTIONS, lighthouse, write_lines
from markdown_it import MarkdownIt
from markdown_it.token import Token
from rich.console import Console
from toy import ToyEncoder

from qa import Settings
from qa.evaluation.findings import verdict
from qa.evaluation.labels import read_labels
from qa.evaluation.methods import METHODS
from qa.evaluation.report import print_table, write_report
from qa.evaluation.run import Evaluation
from qa.lines import clean

PNG = b"\x89PNG\r\n\x1a\n"
PLOTS = ("risk-coverage", "reliability", "methods")
HOSTILE_NAME = '"><script>window.pwned=1</script>$x^ | a\u202e'


class Page(HTMLParser):
    """Notes the tags of a page with their attributes, and the text behind each."""

    def __init__(self, source: str) -> None:
        super().__init__()
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.texts: list[tuple[str, str]] = []
        self.feed(source)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Note a tag."""
        self.tags.append((tag, dict(attrs)))
        self.texts.append((tag, ""))

    def handle_endtag(self, _: str) -> None:
        """Leave what follows to no tag."""
        self.texts.append(("", ""))

    def handle_data(self, data: str) -> None:
        """Add text to the tag before it."""
        if self.texts:
            self.texts[-1] = (self.texts[-1][0], self.texts[-1][1] + data)

    def within(self, kind: str) -> list[str]:
        """Return the text directly behind each tag of a name."""
        return [text.strip() for name, text in self.texts if name == kind]


@pytest.fixture(scope="module")
def results(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    path = write_lines(tmp_path_factory.mktemp("labels") / "lighthouse.jsonl", *QUESTIONS)
    data = read_labels(path, lighthouse)
    return Evaluation(Settings(), ToyEncoder(), tuple(METHODS), 0).results([data])


def failure(text: str, confidence: float = 0.9) -> dict[str, Any]:
    return {
        "data": text, "category": "near-miss", "question": text, "given": text, "kind": "passage",
        "confidence": confidence, "gold": (text, "second"),
    }  # fmt: skip


@pytest.fixture(scope="module")
def attacked(results: dict[str, Any], tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return the folder of a report that holds an attack wherever a file's author could put one."""
    changed = copy.deepcopy(results)
    changed["data"] = {HOSTILE_NAME: changed["data"]["lighthouse"]}
    changed["provenance"]["data"] = {HOSTILE_NAME: "\ud800<b>"}
    changed["failures"] = [failure(attack) for attack in ATTACKS]
    out = tmp_path_factory.mktemp("attacked")
    write_report(changed, out)
    return out


def test_a_report_is_a_page_a_text_its_data_and_the_plots(results: dict[str, Any], tmp_path: Path) -> None:
    out = tmp_path / "new" / "report"
    write_report(results, out)
    assert {path.name for path in out.iterdir()} == {
        "report.html", "report.md", "results.json", *(f"{name}.png" for name in PLOTS)
    }  # fmt: skip
    assert all((out / f"{name}.png").read_bytes().startswith(PNG) for name in PLOTS)
    assert json.loads((out / "results.json").read_text())["data"] == results["data"]


def test_without_rankings_there_is_no_plot_of_methods(results: dict[str, Any], tmp_path: Path) -> None:
    changed = copy.deepcopy(results)
    changed["data"]["lighthouse"]["retrieval"] = {}
    write_report(changed, tmp_path)
    assert not (tmp_path / "methods.png").exists()
    assert "Methods side by side" not in (tmp_path / "report.html").read_text()


def test_the_page_tells_headline_figures_failures_and_provenance(results: dict[str, Any], tmp_path: Path) -> None:
    changed = results | {"failures": [failure("why so"), failure("how so", -0.75) | {"given": "", "gold": ()}]}
    write_report(changed, tmp_path)
    page = Page((tmp_path / "report.html").read_text(encoding="utf-8"))
    assert f"7 questions. {verdict(results['data']['lighthouse'])}" in page.within("p")
    assert page.within("strong")[-2:] == ["why so", "how so"]
    assert page.within("strong")[0] == "75.0%"
    text = " ".join(text for _, text in page.texts)
    assert "answered with confidence 90%" in text
    assert "held back at confidence 25%" in text
    assert "nothing: it should be left unanswered" in text
    assert "computed by ir-measures" in text
    assert results["provenance"]["data"]["lighthouse"] in text
    count = results["data"]["lighthouse"]["retrieval"]["sentence"]["product"]["hit@1"]
    assert f"{count['value']:.3f} ({count['low']:.3f}–{count['high']:.3f})" in page.within("td")


def test_the_page_loads_nothing_and_runs_nothing(attacked: Path) -> None:
    source = (attacked / "report.html").read_text(encoding="utf-8")
    page = Page(source)
    allowed = {
        "html", "meta", "title", "style", "main", "h1", "h2", "h3", "p", "div", "strong", "picture", "source", "img",
        "ol", "ul", "li", "table", "thead", "tbody", "tr", "th", "td",
    }  # fmt: skip
    assert {tag for tag, _ in page.tags} <= allowed
    assert {name for _, attributes in page.tags for name in attributes} <= {
        "lang", "charset", "name", "content", "http-equiv", "class", "media", "srcset", "src", "alt", "tabindex",
        "role", "aria-label",
    }  # fmt: skip
    loads = [value for _, attributes in page.tags for name in ("src", "srcset") if (value := attributes.get(name))]
    assert len(loads) == 2 * len(PLOTS)
    assert all(value.startswith("data:image/png;base64,") for value in loads)
    regions = [label for _, attributes in page.tags if (label := attributes.get("aria-label"))]
    assert regions == [
        *(f"{clean(HOSTILE_NAME)}: {title}" for title in ("Retrieval", "Answers")), "Where these figures come from",
    ]  # fmt: skip
    style = source[source.index("<style>") : source.index("</style>")]
    assert "url(" not in style
    assert "@import" not in style
    refresh = [attributes.get("http-equiv") for tag, attributes in page.tags if tag == "meta"]
    assert [value for value in refresh if value] == ["Content-Security-Policy"]


def test_the_page_shows_every_attack_as_it_was_typed(attacked: Path) -> None:
    page = Page((attacked / "report.html").read_text(encoding="utf-8"))
    assert page.within("strong")[-len(ATTACKS) :] == list(map(clean, ATTACKS))
    told = page.within("li")
    assert all(f"{what}: {clean(attack)}" in told for attack in ATTACKS for what in ("given", "right"))


def walk(tokens: list[Token]) -> Iterator[Token]:
    for token in tokens:
        yield token
        yield from walk(token.children or [])


def test_the_markdown_keeps_every_attack_as_text(attacked: Path) -> None:
    source = (attacked / "report.md").read_text(encoding="utf-8")
    tokens = list(walk(MarkdownIt("commonmark", {"html": True}).enable("table").parse(source)))
    assert not {token.type for token in tokens} & {"html_block", "html_inline", "link_open"}
    assert [token.type for token in tokens].count("ordered_list_open") == 1  # an entry's facts belong to it
    images = [token.attrs["src"] for token in tokens if token.type == "image"]
    assert images == [f"{name}.png" for name in PLOTS]
    shown = ["".join(part.content for part in token.children or ()) for token in tokens if token.type == "inline"]
    assert all(shown.count(clean(attack)) == shown.count(f"given: {clean(attack)}") == 1 for attack in ATTACKS)


def test_tables_of_the_markdown_are_whole(results: dict[str, Any], tmp_path: Path) -> None:
    write_report(results, tmp_path)
    rows = [line for line in (tmp_path / "report.md").read_text(encoding="utf-8").splitlines() if line.startswith("|")]
    widths = {line.count("|") for line in rows}
    assert widths == {10, 7, 3}  # retrieval: unit, method, n and six measures; answers: six columns; provenance
    assert any(re.fullmatch(r"\|  \| product \| 2 \| 1\.000 \(1\.000–1\.000\) .*", line) for line in rows)


def test_the_terminal_shows_verdict_and_tables_within_80_columns(results: dict[str, Any]) -> None:
    changed = {**results, "data": {"[red]\x1b[31mname": results["data"]["lighthouse"]}}
    screen = StringIO()
    print_table(changed, Console(file=screen, width=80, highlight=False))
    lines = screen.getvalue().splitlines()
    assert "[red][31mname" in lines
    assert max(map(len, lines)) <= 80
    assert " ".join(screen.getvalue().split()).count(verdict(results["data"]["lighthouse"])) == 1
    assert any(line.split()[:4] == ["sentence", "bm25", "2", "1.000"] for line in lines)


def figure(value: float, count: int) -> dict[str, float]:
    return {"value": value, "low": value, "high": value, "count": count}


def test_the_verdict_adds_up_categories_and_names_what_went_unanswered() -> None:
    answers = {
        "faq right": figure(0.9, 10), "fact right": figure(0.5, 10), "answerable refused": figure(0.1, 20),
        "off-topic answered": figure(0.0, 5), "near-miss answered": figure(0.25, 8), "hostile answered": figure(1.0, 1),
    }  # fmt: skip
    assert verdict({"answers": answers}) == (
        "Of 20 questions that the article answers, 70.0% get the right answer; 10.0% are refused and 20.0% answered "
        "wrongly. Of what it should leave unanswered, it answers none of 5 that are off-topic, 2 of 8 that are on the "
        "subject but not in the article and 1 of 1 that are hostile or broken."
    )
    assert verdict({"answers": {"off-topic answered": figure(0.2, 5)}}) == (
        "Of what it should leave unanswered, it answers 1 of 5 that are off-topic."
    )
