"""An evaluation in words and tables, the same for terminal, Markdown and page."""

from collections.abc import Mapping
from typing import Any

from qa.evaluation.gate import lower_is_better
from qa.evaluation.labels import ANSWERABLE
from qa.reports import Table

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


def tables(data: Figures, *, intervals: bool = True) -> dict[str, Table]:
    """Return the tables of one data set by title: retrieval if any was judged, then answers.

    Args:
        data: its results.
        intervals: whether figures of retrieval are given with their intervals.
    """
    retrieval = {"Retrieval": _retrieval(data["retrieval"], intervals)} if data["retrieval"] else {}
    return retrieval | {"Answers": _answers(data)}


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


def _retrieval(units: Figures, intervals: bool) -> Table:
    measures = list(dict.fromkeys(name for table in units.values() for figures in table.values() for name in figures))
    rows = []
    for unit, table in units.items():
        for place, (method, figures) in enumerate(table.items()):
            count = next(iter(figures.values()))["count"]
            cells = (
                _number(figure) + (f" ({_interval(figure)})" if intervals else "") if figure else ""
                for figure in map(figures.get, measures)
            )
            rows.append(("" if place else unit, method, str(count), *cells))
    return Table(("unit", "method", "n", *measures), rows, numbers=("n", *measures))


def _answers(data: Figures) -> Table:
    rows = []
    figures = data["answers"]
    groups = {group: {n: f for n, f in figures.items() if n.endswith(ends)} for group, ends in GROUPS.items()}
    for group, found in {**groups, "time": data["latency"]}.items():
        for place, (name, figure) in enumerate(found.items()):
            better = "lower" if lower_is_better(name) else "higher"
            digits = 1 if group == "time" else 3
            cells = (_number(figure, digits), _interval(figure, digits), str(figure["count"]), better)
            rows.append(("" if place else group, name, *cells))
    columns = ("about", "figure", "value", "95% interval", "n", "better")
    return Table(columns, rows, numbers=columns[2:])


def _number(figure: Figures, digits: int = 3) -> str:
    return f"{figure['value']:.{digits}f}"


def _interval(figure: Figures, digits: int = 3) -> str:
    return f"{figure['low']:.{digits}f}–{figure['high']:.{digits}f}"
