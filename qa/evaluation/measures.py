"""Figures from outcomes, each with its count and a 95% bootstrap interval.

Retrieval measures are ir-measures'; AUROC, average precision and the Brier score scikit-learn's.
A question that a method missed counts as a miss; unanswerable ones have no place in retrieval.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from qa.evaluation.labels import UNANSWERABLE
from qa.evaluation.outcomes import Outcome

RESAMPLES = 500  # intervals move by less than .002 beyond
ECE_BINS = 10  # of equal count, so that no bin is nearly empty (Nguyen and O'Connor 2015)
RISKS = (0.05, 0.10)
CURVE_POINTS = 200
Bools = NDArray[np.bool_]
Reals = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Figure:
    """A measured value, with the bounds of its 95% bootstrap interval and the number of questions."""

    value: float
    low: float
    high: float
    count: int


def mean(values: Sequence[float] | Reals | Bools, seed: int = 0) -> Figure | None:
    """Return the mean of a value per question; None without questions."""
    return estimate(np.mean, seed, np.asarray(values, dtype=float))


def estimate(statistic: Callable[..., Any], seed: int, *columns: NDArray[Any]) -> Figure | None:
    """Return a statistic of columns aligned by question, resampling whole questions (Efron 1979)."""
    count = len(columns[0])
    if not count:
        return None
    chance = np.random.default_rng(seed)
    values = []
    for _ in range(RESAMPLES):
        rows = chance.integers(0, count, count)
        value = float(statistic(*(column[rows] for column in columns)))
        if np.isfinite(value):  # a resample of one class has no AUROC
            values.append(value)
    value = float(statistic(*columns))
    if not values:
        return Figure(value, value, value, count)
    low, high = np.percentile(values, [2.5, 97.5])
    return Figure(value, float(low), float(high), count)


def retrieval(outcomes: Sequence[Outcome], unit: str, seed: int) -> dict[str, dict[str, Figure]]:
    """Return by method and measure how well passages, sentences or FAQ entries are ranked."""
    import ir_measures
    from ir_measures import AP, RR, R, Success, nDCG

    names = {Success @ 1: "hit@1", Success @ 3: "hit@3", RR: "RR", nDCG @ 10: "nDCG@10", R @ 10: "R@10", AP: "MAP"}
    judged = [(str(row), o) for row, o in enumerate(outcomes) if o.gold.get(unit)]
    methods = dict.fromkeys(method for _, o in judged for method in o.ranked.get(unit, {}))
    qrels = [ir_measures.Qrel(query, str(number), 1) for query, o in judged for number in o.gold[unit]]
    table: dict[str, dict[str, Figure]] = {}
    for method in methods:
        run = [
            ir_measures.ScoredDoc(query, str(number), float(-rank))  # ranks, so that ties stay as the method left them
            for query, o in judged
            for rank, number in enumerate(o.ranked[unit].get(method, []))
        ]
        values: dict[str, list[float]] = {name: [] for name in names.values()}
        for metric in ir_measures.iter_calc(list(names), qrels, run):
            values[names[metric.measure]].append(metric.value)
        table[method] = known({name: mean(found, seed) for name, found in values.items()})
    return table


def answers(outcomes: Sequence[Outcome], threshold: float, seed: int) -> dict[str, Figure]:
    """Return how good the answers are, and how well it is known when there is none."""
    right, confidence, category, answerable = _columns(outcomes)
    answered = confidence >= threshold
    given = right & answered
    figures: dict[str, Figure | None] = {}
    for name in dict.fromkeys(category[answerable]):
        chosen = category == name
        figures[f"{name} right"] = mean(given[chosen], seed)
        figures[f"{name} right before abstaining"] = mean(right[chosen], seed)
    fresh = np.array([o.label.fresh for o in outcomes], dtype=bool)
    figures["fresh in mid-conversation right"] = mean(given[fresh & answerable], seed)
    core = np.isin(category, ["faq", "fact"])
    figures["faq and fact right"] = mean(given[core], seed)
    figures["right kind of answer"] = mean([o.kind_right for o in outcomes], seed)
    figures["answerable refused"] = mean(~answered[answerable], seed)
    for name in UNANSWERABLE:
        chosen = category == name
        figures[f"{name} answered"] = mean(answered[chosen], seed)
        # Of this kind and the answerable ones: how many abstentions were due, and how many due ones came.
        pool = chosen | answerable
        if chosen.any():
            figures[f"{name} abstention precision"] = mean(chosen[pool & ~answered], seed)
            figures[f"{name} abstention recall"] = mean(~answered[chosen], seed)
            if answerable.any():
                figures[f"{name} AUROC"] = estimate(_auroc, seed, answerable[pool], confidence[pool])
                figures[f"{name} average precision"] = estimate(
                    _average_precision, seed, answerable[pool], confidence[pool]
                )
    return known(figures | calibration(right, confidence, seed))


def known(figures: Mapping[str, Figure | None]) -> dict[str, Figure]:
    """Return the figures that there were questions for."""
    return {name: figure for name, figure in figures.items() if figure is not None}


def curves(outcomes: Sequence[Outcome], threshold: float) -> dict[str, Any]:
    """Return what the plots show: risk by coverage, what is right by confidence, and the share that is answered."""
    right, confidence, *_ = _columns(outcomes)
    coverage, risk = risk_coverage(right, confidence)
    rows = np.unique(np.linspace(0, len(coverage) - 1, CURVE_POINTS).astype(int)) if len(coverage) else ()
    bins = reliability_bins(right, confidence)
    return {
        "risk_coverage": [[float(coverage[row]), float(risk[row])] for row in rows],
        "reliability": [[float(sure.mean()), float(share.mean()), len(share)] for share, sure in bins],
        "answered": float((confidence >= threshold).mean()) if len(confidence) else 0.0,
    }


def calibration(right: Bools, confidence: Reals, seed: int) -> dict[str, Figure | None]:
    """Return how far confidence can be trusted."""
    figures = {
        "expected calibration error": estimate(expected_calibration_error, seed, right, confidence),
        "Brier score": estimate(_brier, seed, right, confidence),
        "area under risk-coverage": estimate(area_under_risk_coverage, seed, right, confidence),
    }
    for risk in RISKS:
        figures[f"coverage at {risk:.0%} risk"] = estimate(
            lambda r, c, risk=risk: coverage_at_risk(r, c, risk), seed, right, confidence
        )
    return figures


def latency(outcomes: Sequence[Outcome], seed: int) -> dict[str, Figure]:
    """Return milliseconds for a question: median and 95th percentile."""
    values = np.array([o.seconds * 1000 for o in outcomes])
    return known(
        {
            "median ms": estimate(np.median, seed, values),
            "p95 ms": estimate(lambda v: np.percentile(v, 95), seed, values),
        }
    )


def expected_calibration_error(right: Bools, confidence: Reals) -> float:
    """Return the mean distance between confidence and the share that is right, over bins of equal count."""
    return sum(
        len(share) / len(right) * abs(float(share.mean()) - float(sure.mean()))
        for share, sure in reliability_bins(right, confidence)
    )


def reliability_bins(right: Bools, confidence: Reals) -> list[tuple[Reals, Reals]]:
    """Return by bin of confidence what was right (0 or 1) and how sure it was."""
    order = np.argsort(confidence, kind="stable")
    shares = np.array_split(right[order].astype(float), ECE_BINS)
    return [pair for pair in zip(shares, np.array_split(confidence[order], ECE_BINS), strict=True) if len(pair[0])]


def risk_coverage(right: Bools, confidence: Reals) -> tuple[Reals, Reals]:
    """Return coverage and risk as the bar is lowered from the surest answer to the least sure."""
    order = np.argsort(-confidence, kind="stable")
    count = np.arange(1, len(order) + 1)
    return count / len(order), np.cumsum(~right[order]) / count


def area_under_risk_coverage(right: Bools, confidence: Reals) -> float:
    """Return the mean risk over all coverages; lower is better (Geifman and El-Yaniv 2017)."""
    return float(risk_coverage(right, confidence)[1].mean())


def coverage_at_risk(right: Bools, confidence: Reals, risk: float) -> float:
    """Return the largest share of questions that can be answered with at most ``risk`` of the answers wrong."""
    coverage, risks = risk_coverage(right, confidence)
    good = np.flatnonzero(risks <= risk)
    return float(coverage[good[-1]]) if len(good) else 0.0


def _columns(outcomes: Sequence[Outcome]) -> tuple[Bools, Reals, NDArray[np.str_], Bools]:
    """Return what is right, how sure it was, the category, and whether there is an answer, by question."""
    return (
        np.array([o.right for o in outcomes], bool),
        np.array([o.confidence for o in outcomes], float),
        np.array([o.label.category for o in outcomes], str),
        np.array([o.label.answerable for o in outcomes], bool),
    )


def _auroc(positive: Bools, score: Reals) -> float:
    from sklearn.metrics import roc_auc_score

    return float(roc_auc_score(positive, score)) if 0 < positive.sum() < len(positive) else float("nan")


def _average_precision(positive: Bools, score: Reals) -> float:
    from sklearn.metrics import average_precision_score

    return float(average_precision_score(positive, score)) if positive.any() else float("nan")


def _brier(right: Bools, confidence: Reals) -> float:
    from sklearn.metrics import brier_score_loss

    return float(brier_score_loss(right, confidence, labels=[False, True]))
