"""Measures have the values that can be worked out by hand, and a fit learns what can be learnt."""

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pytest
from lighthouse import QUESTIONS, lighthouse, write_lines
from toy import ToyEncoder

from qa import Article, Engine, Settings, Span, corpus_path
from qa.commands.measuring import evaluate, read_sets
from qa.confidence import Calibration
from qa.encoder import Encoder
from qa.errors import LabelError
from qa.evaluation import measures
from qa.evaluation.fitting import Example, examples, fit, pick_threshold, with_entries
from qa.evaluation.labels import DataSet, Label, Task, article_of_paragraphs, read_labels
from qa.evaluation.methods import METHODS, reciprocal_rank_fusion
from qa.evaluation.outcomes import Outcome, borrow
from qa.evaluation.run import Evaluation
from qa.index import Index
from qa.signals import FAQ_SIGNALS, SENTENCE_SIGNALS

ANYWHERE = (Span(0, 1),)


def outcome(
    category: str = "fact",
    *,
    right: bool = False,
    sure: float = 0.0,
    ranked: Sequence[int] = (),
    gold: Sequence[int] = (),
) -> Outcome:
    spans = ANYWHERE if category in {"faq", "fact", "dialogue"} else ()
    return Outcome(
        label=Label("id", "text", category, spans), answer=None, right=right, confidence=sure, kind_right=right,
        seconds=0.01, gold={"faq": set(gold)}, ranked={"faq": {"product": list(ranked)}},
    )  # fmt: skip


def array(*values: float) -> "np.ndarray[tuple[int], np.dtype[np.float64]]":
    return np.array(values, float)


def flags(*values: int) -> "np.ndarray[tuple[int], np.dtype[np.bool_]]":
    return np.array(values, bool)


def test_a_query_that_a_method_missed_counts_as_a_miss_and_one_without_gold_not_at_all() -> None:
    outcomes = [
        outcome(ranked=[7, 3], gold=[7]),
        outcome(ranked=[2, 7], gold=[7]),
        outcome(ranked=[], gold=[7]),
        outcome("off-topic", ranked=[1, 2]),
    ]
    found = measures.retrieval(outcomes, "faq", seed=0)["product"]
    assert {name: (round(figure.value, 4), figure.count) for name, figure in found.items()} == {
        "hit@1": (0.3333, 3),
        "hit@3": (0.6667, 3),
        "RR": (0.5, 3),
        "nDCG@10": (0.5436, 3),  # (1 + 1 / log2(3) + 0) / 3
        "R@10": (0.6667, 3),
        "MAP": (0.5, 3),
    }


def test_a_method_that_finds_nothing_scores_nothing() -> None:
    found = measures.retrieval([outcome(ranked=[], gold=[1])], "faq", seed=0)
    assert {figure.value for figure in found["product"].values()} == {0.0}


def test_equal_ranks_stay_as_the_method_left_them() -> None:
    many = list(range(50, 0, -1))
    found = measures.retrieval([outcome(ranked=many, gold=[50]), outcome(ranked=many, gold=[41])], "faq", seed=0)
    assert found["product"]["RR"].value == pytest.approx((1 + 0.1) / 2)


def test_answers_count_what_a_reader_would_have_seen() -> None:
    outcomes = [
        outcome("faq", right=True, sure=0.9),
        outcome("faq", right=True, sure=0.3),  # right, but held back
        outcome("fact", sure=0.8),  # wrong
        outcome("dialogue", right=True, sure=0.5),  # just sure enough
        outcome("near-miss", sure=0.7),
        outcome("near-miss", sure=0.1),
        outcome("off-topic", sure=0.0),
    ]
    found = {name: (round(f.value, 6), f.count) for name, f in measures.answers(outcomes, 0.5, seed=0).items()}
    assert found["faq right"] == (0.5, 2)
    assert found["faq right before abstaining"] == (1.0, 2)
    assert found["faq and fact right"] == (0.333333, 3)
    assert found["dialogue right"] == (1.0, 1)
    assert found["answerable refused"] == (0.25, 4)
    assert found["near-miss answered"] == (0.5, 2)
    assert found["near-miss abstention precision"] == (0.5, 2)  # of two refusals, one was due
    assert found["near-miss abstention recall"] == (0.5, 2)
    assert found["near-miss AUROC"] == (0.75, 6)  # 6 of 8 pairs are in order
    assert found["off-topic answered"] == (0.0, 1)
    assert found["off-topic AUROC"] == (1.0, 5)
    assert found["off-topic average precision"] == (1.0, 5)
    assert "hostile answered" not in found


def test_calibration_error_is_the_mean_distance_of_confidence_from_what_is_right() -> None:
    right, sure = flags(0, 0, 0, 0, 0, 1, 1, 1, 1, 1), array(0, 0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9)
    assert measures.expected_calibration_error(right, sure) == pytest.approx(0.25)
    assert measures.expected_calibration_error(flags(*[0, 1] * 10), np.full(20, 0.5)) == pytest.approx(0)
    assert measures.expected_calibration_error(flags(1, 1), array(0.4, 0.2)) == pytest.approx(0.7)


def test_bins_hold_equally_many_questions_the_least_sure_first() -> None:
    bins = measures.reliability_bins(flags(*[1] * 25), np.linspace(1, 0, 25))
    assert [len(share) for share, _ in bins] == [3] * 5 + [2] * 5
    assert [float(sure.mean()) for _, sure in bins] == sorted(float(sure.mean()) for _, sure in bins)


def test_risk_grows_as_less_sure_answers_are_given() -> None:
    right, sure = flags(1, 0, 1, 1), array(0.6, 0.7, 0.9, 0.8)
    coverage, risk = measures.risk_coverage(right, sure)
    assert coverage.tolist() == [0.25, 0.5, 0.75, 1.0]
    assert risk.tolist() == pytest.approx([0, 0, 1 / 3, 1 / 4])
    assert measures.area_under_risk_coverage(right, sure) == pytest.approx(7 / 48)
    assert measures.coverage_at_risk(right, sure, 0.25) == 1.0
    assert measures.coverage_at_risk(right, sure, 0.2) == 0.5
    assert measures.coverage_at_risk(~right, sure, 0.4) == 0.0


def test_intervals_are_the_same_for_the_same_seed_and_hold_the_value() -> None:
    values = np.sqrt(np.arange(50))
    first, again, other = (measures.mean(values, seed) for seed in (1, 1, 2))
    assert first is not None
    assert first == again != other
    assert first.low < first.value < first.high
    assert first.value == pytest.approx(float(values.mean()))
    assert first.count == 50
    assert measures.mean([1.0, 1.0]) == measures.Figure(1.0, 1.0, 1.0, 2)
    assert measures.mean([]) is None


def test_fusion_sums_reciprocal_ranks() -> None:
    # 0: 1/61 + 1/62; 2: 1/63 + 1/61; 1: 1/62 + 1/63
    assert reciprocal_rank_fusion([np.array([0, 1, 2]), np.array([2, 0, 1])]).tolist() == [0, 2, 1]
    assert reciprocal_rank_fusion([np.array([1, 0]), np.array([0, 1])]).tolist() == [0, 1]  # ties keep their order


@pytest.mark.parametrize(("risk", "threshold"), [(0.25, 0.3), (0.24, 0.8), (0.0, 0.8), (1.0, 0.3)])
def test_the_threshold_is_the_least_confidence_that_keeps_the_risk(risk: float, threshold: float) -> None:
    assert pick_threshold(array(0.3, 0.9, 0.6, 0.8), flags(1, 1, 0, 1), np.ones(4), risk) == threshold


def test_the_threshold_minds_weights_and_is_unreachable_if_all_are_wrong() -> None:
    assert pick_threshold(array(0.9, 0.5), flags(1, 0), array(1, 0.1), 0.1) == 0.5
    assert pick_threshold(array(0.9, 0.5), flags(1, 0), array(1, 1), 0.1) == 0.9
    assert pick_threshold(array(0.9, 0.5), flags(0, 0), np.ones(2), 0.1) == 1.0


def made_up(count: int, *, faq: bool = True) -> list[Example]:
    """Return examples that are right where ``late`` is above .5, other signals being noise."""
    chance = np.random.default_rng(5)
    found = []
    for _ in range(count):
        sentence, entry = ({n: chance.random() for n in names} for names in (SENTENCE_SIGNALS, FAQ_SIGNALS))
        found.append(
            Example("as is", (sentence, sentence["late"] > 0.5), (entry, entry["late"] > 0.5) if faq else None)
        )
    return found


def test_a_fit_finds_the_signal_that_tells_right_from_wrong() -> None:
    fitted = fit({"set": ("questions", made_up(400))}, 0.1, {"model": "m"})
    assert max(fitted.passage.weights, key=lambda name: abs(fitted.passage.weights[name])) == "late"
    assert max(fitted.faq.weights, key=lambda name: abs(fitted.faq.weights[name])) == "late"
    middle = dict.fromkeys(SENTENCE_SIGNALS, 0.5)
    assert fitted.passage.probability(middle | {"late": 0.9}) > 0.85
    assert fitted.passage.probability(middle | {"late": 0.1}) < 0.15
    assert 0 < fitted.threshold < 1
    assert fitted.provenance["model"] == "m"
    assert fitted.provenance["risk"] == 0.1


def test_a_fit_without_faq_entries_never_prefers_one() -> None:
    fitted = fit({"set": ("questions", made_up(200, faq=False))}, 0.1, {})
    assert fitted.faq.weights == {}
    assert fitted.faq.probability({}) < 0.01


def test_a_fit_refuses_too_few_examples_and_such_that_are_all_right() -> None:
    with pytest.raises(LabelError, match=r"cannot fit the passage model on 39 examples .* give at least 40 questions"):
        fit({"set": ("questions", made_up(39))}, 0.1, {})
    right = [Example("as is", (dict.fromkeys(SENTENCE_SIGNALS, 0.5), True), None)] * 50
    with pytest.raises(LabelError, match="50 examples of which 50 are right"):
        fit({"set": ("questions", right)}, 0.1, {})


def toy_engine(article: Article) -> Engine:
    encoder = ToyEncoder()
    return Engine(Index.of([article], encoder), encoder, Settings(threshold=0.0))


def test_an_answerable_question_is_looked_at_with_and_without_what_answers_it(tmp_path: Path) -> None:
    data = read_labels(write_lines(tmp_path / "q.jsonl", *QUESTIONS), lighthouse)
    found = list(examples(data, toy_engine, [Label("s", "how tall is the tower", "fact", ANYWHERE)]))
    assert [example.origin for example in found] == [
        *["as is", "left out"] * 4, "near-miss", "off-topic", "hostile", "off-topic",
    ]  # fmt: skip
    right = [(bool(e.passage and e.passage[1]), bool(e.faq and e.faq[1])) for e in found]
    assert right[:4] == [(False, True), (False, False), (False, True), (False, False)]  # the two FAQ paraphrases
    assert right[4:8] == [(True, False), (False, False), (True, False), (False, False)]  # the two facts
    assert right[8:] == [(False, False)] * 4  # a stranger is never right, even where its words are in the article


def squad_task(*answers: str) -> Task:
    article, _ = article_of_paragraphs("a", [f"It is said that {answer} was here." for answer in answers])
    labels = [
        Label(answer, f"who was {answer}", "fact", (Span(s := article.text.index(answer), s + len(answer)),))
        for answer in answers
    ]
    return Task(article, tuple(labels))


def test_some_questions_of_an_article_without_faq_are_made_entries() -> None:
    task = squad_task(*(f"Name{number:02d}" for number in range(24)))
    made = with_entries(task)
    assert len(made.article.faqs) == 12
    assert len(made.labels) == 12
    first = made.article.faqs[0]
    assert made.article.quote(first.question) == "who was Name00"
    assert made.article.quote(first.answer) == "It is said that Name00 was here."
    assert made.article.text.startswith(task.article.text)


def test_off_topic_questions_are_borrowed_from_the_other_articles() -> None:
    data = DataSet("s", "squad", "", (squad_task("Ada"), squad_task("Bob", "Cy")))
    first, second = borrow(data, seed=0)
    assert [(x.category, x.answerable) for x in first.labels] == [("fact", True)] + [("off-topic", False)] * 2
    assert [x.id for x in second.labels] == ["Bob", "Cy", "Ada@1"]
    assert borrow(DataSet("q", "questions", "", data.tasks), seed=0) == list(data.tasks)


def test_results_judge_each_question_by_what_the_article_says(tmp_path: Path) -> None:
    data = read_labels(write_lines(tmp_path / "q.jsonl", *QUESTIONS), lighthouse)
    asked: list[None] = []
    results = Evaluation(Settings(), ToyEncoder(), tuple(METHODS), 0).results([data], lambda: asked.append(None))
    found = results["data"]["q"]
    assert len(asked) == found["questions"] == 7
    assert {unit: list(table) for unit, table in found["retrieval"].items()} == {
        unit: list(METHODS) for unit in ("passage", "sentence", "faq")
    }
    assert found["curves"]["answered"] == pytest.approx(3 / 7)
    assert found["retrieval"]["sentence"]["product"]["hit@1"]["count"] == 2
    assert found["retrieval"]["sentence"]["product"]["hit@1"]["value"] == 1.0
    assert found["retrieval"]["faq"]["product"]["RR"]["value"] == 1.0
    assert found["answers"]["faq right before abstaining"]["value"] == 1.0
    assert found["answers"]["fact right before abstaining"]["value"] == 1.0
    assert found["answers"]["off-topic answered"] == {"value": 0.0, "low": 0.0, "high": 0.0, "count": 1}
    assert results["provenance"]["data"] == {"q": data.sha256}
    assert results["provenance"]["articles"] == {"q": [lighthouse().sha256[:16]]}
    assert results["provenance"]["encoder"] == "toy"


def test_questions_made_to_mislead_are_kept_apart_from_the_others() -> None:
    task = squad_task("Ada", "Bob")
    misleading = Label("no", "who was Zed", "near-miss")
    data = DataSet("s", "squad", "", (Task(task.article, (*task.labels, misleading)),))
    found = Evaluation(Settings(), ToyEncoder(), (), 0).results([data])["data"]["s"]
    assert found["questions"] == 3
    assert found["answers"]["near-miss answered"]["count"] == 1
    assert found["answers"]["Brier score"]["count"] == 2
    assert sum(count for *_, count in found["curves"]["reliability"]) == 2


def test_all_files_are_checked_before_any_question_is_asked(tmp_path: Path) -> None:
    good = write_lines(tmp_path / "good.jsonl", *QUESTIONS)
    bad = [write_lines(tmp_path / f"{name}.jsonl", {"category": name, "question": "x"}) for name in ("one", "two")]
    article = tmp_path / "a.md"
    article.write_text(lighthouse().text)
    with pytest.raises(LabelError, match=r"one.jsonl:1: category.*\ntwo.jsonl:1: category"):
        read_sets([good, *bad], article)
    with pytest.raises(LabelError, match="two files are called good; rename one"):
        read_sets([good, good], article)
    with pytest.raises(LabelError, match="good: no question of split 'feedback'; leave --split out"):
        read_sets([good], article, split="feedback")
    with pytest.raises(LabelError, match="unknown split tset; known are dev, test, fresh, feedback"):
        read_sets([good], article, split="dev,tset")
    (cut,) = read_sets([good], article, split="test", limit=2)
    assert [label.text for label in cut.tasks[0].labels] == ["may visitors climb up", "when does its lamp turn"]


def test_an_unknown_method_is_named_with_the_known_ones() -> None:
    with pytest.raises(LabelError, match="unknown method magic; known are bm25, dense, rrf, late, product"):
        evaluate(methods="bm25,magic")


def test_a_fit_on_few_questions_gives_a_calibration_that_an_engine_takes(tmp_path: Path, encoder: Encoder) -> None:
    lines = (corpus_path() / "questions.jsonl").read_text(encoding="utf-8").splitlines()
    few = [line for line in lines if '"split": "dev"' in line and '"history"' not in line][::3]
    path, target = tmp_path / "few.jsonl", tmp_path / "made" / "calibration.json"
    held_out = [line for line in lines if '"split": "fresh"' in line and '"history"' not in line]
    path.write_text("\n".join([*few, *held_out]), encoding="utf-8")
    evaluate([path], fit=target, risk=0.2)
    fitted = Calibration.load(target)
    assert 0 < fitted.threshold < 1
    assert set(fitted.passage.weights) == set(SENTENCE_SIGNALS)
    assert fitted.provenance["risk"] == 0.2
    assert fitted.provenance["encoder"] == encoder.fingerprint
    assert fitted.provenance["data"] == {"few": read_sets([path], corpus_path())[0].sha256}
    assert len(few) < fitted.provenance["examples"]["few"] <= 2 * len(few) < 2 * len(held_out)  # which taught nothing
    engine = Engine.from_path(corpus_path(), Settings(calibration=str(target)), encoder)
    assert engine.threshold == fitted.threshold
    sure = engine.ask("What is R1, the model from DeepSeek?").confidence
    assert sure > engine.ask("How do I bake sourdough bread?").confidence
