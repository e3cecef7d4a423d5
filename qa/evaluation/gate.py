"""Floors that a change must not break: figures pinned in a file, and checked on every run.

Results are the same on every run of one machine, but float kernels differ between processors and
may flip near ties. So a figure may fall by a question and a half, or by .005 where there are many.
"""

import json
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from qa.errors import GateError

METHOD = "product"  # the others are for comparison
RETRIEVAL = ("hit@1", "RR")
ANSWERS = (
    "faq and fact right",
    "dialogue right",
    "right kind of answer",
    "answerable refused",
    "near-miss answered",
    "off-topic answered",
    "expected calibration error",
    "off-topic AUROC",
)
LEAST_EPSILON = 0.005
FLIPPED_QUESTIONS = 1.5
DIGITS = 4  # far below any epsilon
LOOK = "look at the failures with: qa eval [FILES] --out eval-report"

Floors = dict[str, Any]


def lower_is_better(figure: str) -> bool:
    """Return whether a figure of that name should be small."""
    return figure.endswith((" answered", " refused", " error", "Brier score", "risk-coverage", " ms"))


def epsilon(count: int) -> float:
    """Return how far a figure over so many questions may fall."""
    return max(LEAST_EPSILON, FLIPPED_QUESTIONS / max(count, 1))


def check(results: Mapping[str, Any], baseline: Path) -> str:
    """Return one line if every pinned figure holds.

    Raises:
        GateError: figures fell, the data are other ones, or there is no baseline.
    """
    pinned = _read(baseline)
    shared = [name for name in results["data"] if name in pinned]
    if not shared:
        run = ", ".join(results["data"])
        raise GateError(f"{baseline} has no floor for {run}; pin it with: qa eval [FILES] --pin {baseline}")
    other = [problem for name in shared for problem in _differences(name, _floors(results, name), pinned[name])]
    if other:
        again = f"ask the same --split, or pin anew with: qa eval [FILES] --pin {baseline} --lower"
        raise GateError("\n".join([f"{baseline} belongs to other data:", *other, again]))
    fallen = [line for name in shared for line in _fallen(name, _floors(results, name), pinned[name])]
    if fallen:
        count = f"{len(fallen)} figure{'s' * (len(fallen) > 1)} fell below {baseline}:"
        remedy = f"{LOOK}\nif the loss is meant: qa eval [FILES] --pin {baseline} --lower"
        raise GateError("\n".join([count, *fallen, remedy]))
    held = sum(len(pinned[name]["figures"]) for name in shared)
    return f"All {held} pinned figures of {', '.join(shared)} hold."


def pin(results: Mapping[str, Any], path: Path, *, lower: bool) -> str:
    """Write the results as the floors of their data sets; floors of other data sets stay.

    Args:
        results: of an evaluation.
        path: the baseline; made if missing.
        lower: whether floors may be lowered; without it they only ever rise.

    Returns:
        One line that says what was done.
    """
    pinned = _read(path) if path.exists() else {}
    raised, kept = 0, []
    for name in results["data"]:
        floors = _floors(results, name)
        before = pinned.get(name, {}).get("figures", {})
        for figure, old in before.items():
            new = floors["figures"].get(figure)
            if new is not None and _loss(new, old) <= 0:
                raised += _loss(new, old) < 0
            elif not lower:
                floors["figures"][figure] = old
                kept.append(f"{name}: {figure}")
        raised += len(floors["figures"].keys() - before.keys())
        pinned[name] = floors
    write_whole(path, json.dumps(pinned, indent=2, sort_keys=True) + "\n")
    left = f"; kept {len(kept)} that would fall ({', '.join(kept)}); lower them with --lower" if kept else ""
    return f"Wrote {path}: {raised} floor{'s' * (raised != 1)} new or raised{left}."


def _floors(results: Mapping[str, Any], name: str) -> Floors:
    """Return what the baseline is to say of a data set."""
    data = results["data"][name]
    found = {
        f"{unit} {m}": table.get(METHOD, {}).get(m) for unit, table in data["retrieval"].items() for m in RETRIEVAL
    }
    found |= {figure: data["answers"].get(figure) for figure in ANSWERS}
    return {
        "sha256": results["provenance"]["data"][name],
        "articles": results["provenance"]["articles"].get(name, []),
        "questions": data["questions"],
        "figures": {
            figure: {
                "value": round(value["value"], DIGITS),
                "count": value["count"],
                "better": "lower" if lower_is_better(figure) else "higher",
            }
            for figure, value in found.items()
            if value is not None
        },
    }


def _differences(name: str, now: Floors, then: Floors) -> Iterator[str]:
    """Yield in what the data differ from those that were pinned."""
    for field, words in (("sha256", "its file"), ("articles", "its article"), ("questions", "the number of questions")):
        if now[field] != then[field]:
            yield f"  {name}: {words} was {_short(then[field])}, is {_short(now[field])}"


def _fallen(name: str, now: Floors, then: Floors) -> Iterator[str]:
    for figure, floor in then["figures"].items():
        value = now["figures"].get(figure)
        allowed = epsilon(floor["count"])
        limit = f"{'ceiling' if floor['better'] == 'lower' else 'floor'} {floor['value']:.4f}, epsilon {allowed:.4f}"
        if value is None:
            yield f"  {name}: {figure} was not measured ({limit}); run it with --methods {METHOD}"
        elif _loss(value, floor) > allowed + 1e-9:  # an exact epsilon must not fail by a rounding
            yield f"  {name}: {figure} is {value['value']:.4f} ({limit})"


def _loss(now: Mapping[str, Any], then: Mapping[str, Any]) -> float:
    """Return by how much a figure is worse than before; negative if it is better."""
    worse = float(then["value"]) - float(now["value"])
    return -worse if then["better"] == "lower" else worse


def _short(value: object) -> str:
    """Return a hash by its first characters, anything else as it is."""
    return ", ".join(value) if isinstance(value, list) else str(value)[:16]


def _read(path: Path) -> dict[str, Floors]:
    remedy = f"pin one with: qa eval [FILES] --pin {path}"
    try:
        content = json.loads(path.read_text(encoding="utf-8"))
        for floors in content.values():
            _ = (floors["sha256"], floors["articles"], floors["questions"])
            _ = [(f["value"] + 0.0, f["count"] + 0, f["better"]) for f in floors["figures"].values()]
    except OSError as error:
        raise GateError(f"cannot read baseline {path}: {error.strerror}; {remedy}") from error
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise GateError(f"{path} is no baseline ({error!r}); remove it and {remedy}") from error
    return dict(content)


def write_whole(path: Path, content: str) -> None:
    """Write a file whole or not at all."""
    path.parent.mkdir(parents=True, exist_ok=True)
    temporary = path.with_name(f".{path.name}.new")
    temporary.write_text(content, encoding="utf-8")
    temporary.replace(path)
