"""An evaluation in words and tables, the same for terminal, Markdown and page."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from qa.evaluation.gate import lower_is_better
from qa.evaluation.labels import ANSWERABLE

GROUPS = {  # figures of answers, by how their names end
    "right": ("right", "before abstaining", "right kind of answer"),
    "silence": ("answered", "refused", "abstention precision", "abstention recall", "AUROC", "average precision"),
    "confidence": ("calibration error", "Brier score", "area under risk-coverage", "risk"),
}
CAPTIONS = {
    "risk-coverage": (
        "When to be silent",
        "Answering the surest questions first, the share of wrong answers grows as more are answered; an answer to "
        "what the article does not say counts as wrong, so the curve must rise at its end. The dot is the threshold.",
    ),
    "reliability": (
        "Can the confidence be believed?",
        "Where the line follows the diagonal, of the answers given with 80% confidence 80% are right. "
        "Each point stands for equally many questions, sorted by confidence.",
    ),
    "methods": (
        "Methods side by side",
        "How often a ranking's first place is right, of all questions that the article answers; "
        "a difference within the whiskers may be chance.",
    ),
}
SOURCES = (
    "hit@k (Success), RR, nDCG@10, R@10 and MAP (AP) are computed by ir-measures; AUROC, average precision and Brier "
    "score by scikit-learn; expected calibration error (ten bins of equal count), risk-coverage and the 95% intervals "
    "(bootstrap over whole questions) by this package. A question that a method missed counts as a miss; questions "
    "that the article does not answer have no part in retrieval."
)

Figures = Mapping[str, Any]
Cell = str | Figures  # text, or a figure with its value, low, high and count


@dataclass(frozen=True, slots=True)
class Table:
    """Rows of text and figures; where a row's first cell is empty, that of the row above applies."""

    title: str
    columns: tuple[str, ...]
    rows: tuple[tuple[Cell, ...], ...]


def number(value: float, name: str = "") -> str:
    """Return a value as tables print it."""
    return f"{value:.1f}" if name.endswith(" ms") else f"{value:.3f}"


def interval(figure: Figures, name: str = "") -> str:
    """Return a figure's bounds as tables print them."""
    return f"{number(figure['low'], name)}–{number(figure['high'], name)}"


def tables(data: Figures) -> tuple[Table, ...]:
    """Return the tables of one data set: retrieval if any was judged, then answers."""
    return (*([_retrieval(data["retrieval"])] if data["retrieval"] else []), _answers(data))


def answerable(data: Figures) -> dict[str, int]:
    """Return of the questions that the article answers how many there are, and how they came out, by count."""
    answers = data["answers"]
    found = [figure for category in ANSWERABLE if (figure := answers.get(f"{category} right"))]
    count = sum(figure["count"] for figure in found)
    right = sum(round(figure["value"] * figure["count"]) for figure in found)
    refused = round(answers["answerable refused"]["value"] * count) if "answerable refused" in answers else 0
    return {"count": count, "right": right, "refused": refused, "wrong": count - right - refused}


def verdict(data: Figures) -> str:
    """Return in two sentences how good the answers are."""
    asked = answerable(data)
    words = []
    if asked["count"]:
        words.append(
            f"Of {asked['count']} questions that the article answers, {asked['right'] / asked['count']:.1%} get the "
            f"right answer; {asked['refused'] / asked['count']:.1%} are refused and "
            f"{asked['wrong'] / asked['count']:.1%} answered wrongly."
        )
    kinds = {
        "off-topic": "off-topic",
        "near-miss": "on the subject but not in the article",
        "hostile": "hostile or broken",
    }
    parts = [
        f"{round(figure['value'] * figure['count']) or 'none'} of {figure['count']} that are {words_for}"
        for kind, words_for in kinds.items()
        if (figure := data["answers"].get(f"{kind} answered"))
    ]
    if parts:
        listed = " and ".join(filter(None, (", ".join(parts[:-1]), parts[-1])))
        words.append(f"Of what it should leave unanswered, it answers {listed}.")
    return " ".join(words)


def cards(data: Figures) -> list[tuple[str, str, str]]:
    """Return the key figures as value, name and small print."""
    asked, found = answerable(data), []
    if asked["count"]:
        share = asked["right"] / asked["count"]
        found.append((f"{share:.1%}", "answered right", f"of {asked['count']} questions that the article answers"))
    chosen = {
        "answerable refused": "refused though answerable",
        "off-topic answered": "off-topic answered",
        "near-miss answered": "near misses answered",
        "expected calibration error": "confidence is off by",
    }
    figures = data["answers"]
    for name, words in chosen.items():
        if figure := figures.get(name):
            bounds = f"{figure['low']:.1%}–{figure['high']:.1%}, {figure['count']} questions"
            found.append((f"{figure['value']:.1%}", words, bounds))
    if figure := data["latency"].get("median ms"):
        slow = data["latency"]["p95 ms"]["value"]
        found.append((f"{figure['value']:.0f} ms", "for an answer", f"median; 95% within {slow:.0f} ms"))
    return found


def _retrieval(units: Figures) -> Table:
    measures = list(dict.fromkeys(name for table in units.values() for figures in table.values() for name in figures))
    rows: list[tuple[Cell, ...]] = []
    for unit, table in units.items():
        for place, (method, figures) in enumerate(table.items()):
            count = next(iter(figures.values()))["count"]
            rows.append(("" if place else unit, method, str(count), *(figures.get(name, "") for name in measures)))
    return Table("Retrieval", ("unit", "method", "n", *measures), tuple(rows))


def _answers(data: Figures) -> Table:
    rows: list[tuple[Cell, ...]] = []
    figures = data["answers"]
    groups = {group: [n for n in figures if n.endswith(ends)] for group, ends in GROUPS.items()}
    for group, names in {**groups, "time": list(data["latency"])}.items():
        for place, name in enumerate(names):
            figure = (figures.get(name) or data["latency"][name]) | {"name": name}
            better = "lower" if lower_is_better(name) else "higher"
            cells = (number(figure["value"], name), interval(figure, name), str(figure["count"]), better)
            rows.append(("" if place else group, name, *cells))
    return Table("Answers", ("about", "figure", "value", "95% interval", "n", "better"), tuple(rows))
