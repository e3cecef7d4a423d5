"""The gate holds figures where they are, and no floor sinks unasked."""

import copy
import json
from pathlib import Path
from typing import Any

import pytest

from qa.cli import main
from qa.errors import GateError
from qa.evaluation.gate import check, epsilon, lower_is_better, pin


def figure(value: float, count: int) -> dict[str, float]:
    return {"value": value, "low": 0.0, "high": 1.0, "count": count}


def results(name: str = "mine", /, *, right: float = 0.9, answered: float = 0.1, hit: float = 0.8) -> dict[str, Any]:
    """Return results with 100 answers, 50 off-topic questions and 1000 ranked ones."""
    measured = {"hit@1": figure(hit, 1000), "RR": figure(0.85, 1000), "MAP": figure(0.7, 1000)}
    return {
        "provenance": {"data": {name: f"hash of {name}"}, "articles": {name: ["0123456789abcdef"]}},
        "data": {
            name: {
                "questions": 1150,
                "retrieval": {"passage": {"bm25": {"hit@1": figure(0.99, 1000)}, "product": measured}},
                "answers": {
                    "faq and fact right": figure(right, 100),
                    "off-topic answered": figure(answered, 50),
                    "Brier score": figure(0.1, 1150),
                },
            }
        },
    }


@pytest.fixture
def baseline(tmp_path: Path) -> Path:
    path = tmp_path / "baselines" / "b.json"
    pin(results(), path, lower=False)
    return path


def test_a_baseline_holds_hashes_counts_and_the_gated_figures(baseline: Path) -> None:
    assert json.loads(baseline.read_text()) == {
        "mine": {
            "sha256": "hash of mine",
            "articles": ["0123456789abcdef"],
            "questions": 1150,
            "figures": {
                "passage hit@1": {"value": 0.8, "count": 1000, "better": "higher"},
                "passage RR": {"value": 0.85, "count": 1000, "better": "higher"},
                "faq and fact right": {"value": 0.9, "count": 100, "better": "higher"},
                "off-topic answered": {"value": 0.1, "count": 50, "better": "lower"},
            },
        }
    }
    assert [path.name for path in baseline.parent.iterdir()] == ["b.json"]


def test_what_was_pinned_holds(baseline: Path) -> None:
    assert check(results(), baseline) == "All 4 pinned figures of mine hold."


def test_better_figures_hold_too(baseline: Path) -> None:
    assert "hold" in check(results(right=1.0, answered=0.0, hit=1.0), baseline)


def test_every_fallen_figure_is_named_with_its_bounds_and_the_next_command(baseline: Path) -> None:
    with pytest.raises(GateError) as caught:
        check(results(right=0.88, answered=0.14, hit=0.79), baseline)
    assert str(caught.value).splitlines() == [
        f"3 figures fell below {baseline}:",
        "  mine: faq and fact right is 0.8800 (floor 0.9000, epsilon 0.0150)",
        "  mine: off-topic answered is 0.1400 (ceiling 0.1000, epsilon 0.0300)",
        "  mine: passage hit@1 is 0.7900 (floor 0.8000, epsilon 0.0050)",
        "look at the failures with: qa eval [FILES] --out eval-report",
        f"if the loss is meant: qa eval [FILES] --pin {baseline} --lower",
    ]


@pytest.mark.parametrize(
    ("fallen", "holds"),
    [
        ({"right": 0.885}, True),
        ({"right": 0.8848}, False),
        ({"answered": 0.13}, True),
        ({"answered": 0.1302}, False),
        ({"hit": 0.795}, True),
        ({"hit": 0.7948}, False),
    ],
)
def test_a_question_and_a_half_may_flip_but_no_more(baseline: Path, fallen: dict[str, float], holds: bool) -> None:
    if holds:
        assert "hold" in check(results(**fallen), baseline)
    else:
        with pytest.raises(GateError, match="1 figure fell below"):
            check(results(**fallen), baseline)


def test_epsilon_is_one_and_a_half_questions_but_never_below_half_a_percent() -> None:
    assert [epsilon(count) for count in (1, 30, 300, 301, 5000)] == [1.5, 0.05, 0.005, 0.005, 0.005]


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (("provenance", "data", "mine", "other"), "mine: its file was hash of mine, is other"),
        (("provenance", "articles", "mine", ["f" * 16]), f"mine: its article was 0123456789abcdef, is {'f' * 16}"),
        (("data", "mine", "questions", 20), "mine: the number of questions was 1150, is 20"),
    ],
)
def test_other_data_are_not_compared(baseline: Path, change: tuple[Any, ...], message: str) -> None:
    changed = results()
    outer, inner, key, value = change
    changed[outer][inner][key] = value
    with pytest.raises(GateError) as caught:
        check(changed, baseline)
    first, second, third = str(caught.value).splitlines()
    assert first == f"{baseline} belongs to other data:"
    assert second == f"  {message}"
    assert third == f"ask the same --split, or pin anew with: qa eval [FILES] --pin {baseline} --lower"


def test_a_pinned_figure_that_was_not_measured_is_a_fall(baseline: Path) -> None:
    changed = results()
    del changed["data"]["mine"]["retrieval"]["passage"]["product"]
    with pytest.raises(GateError, match=r"passage hit@1 was not measured .*; run it with --methods product"):
        check(changed, baseline)


def test_data_sets_that_only_one_side_has_are_ignored(baseline: Path) -> None:
    pin(results("public", hit=0.1), baseline, lower=False)
    assert check(results(), baseline) == "All 4 pinned figures of mine hold."
    both = results()
    for part in ("data", "provenance"):
        both[part] |= {} if part == "provenance" else results("new")["data"]
    assert check(both, baseline) == "All 4 pinned figures of mine hold."


def test_a_baseline_without_any_of_the_data_says_how_to_pin_them(baseline: Path) -> None:
    with pytest.raises(GateError, match=r"b.json has no floor for new; pin it with: qa eval \[FILES\] --pin .*b.json"):
        check(results("new"), baseline)


@pytest.mark.parametrize("content", ["", "[]", '{"mine": {}}', '{"mine": {"figures": {"a": 1}}}', "\xff"])
def test_a_broken_baseline_is_refused_with_a_remedy(tmp_path: Path, content: str) -> None:
    path = tmp_path / "b.json"
    path.write_bytes(content.encode("latin-1"))
    message = r"b.json is no baseline \(.*\); remove it and pin one with: qa eval"
    with pytest.raises(GateError, match=message):
        check(results(), path)
    with pytest.raises(GateError, match=message):
        pin(results(), path, lower=True)
    assert path.read_bytes() == content.encode("latin-1")


def test_a_missing_baseline_says_how_to_make_it(tmp_path: Path) -> None:
    with pytest.raises(GateError, match=r"cannot read baseline .*none.json: No such file.*; pin one with: qa eval"):
        check(results(), tmp_path / "none.json")


def floors(path: Path) -> dict[str, float]:
    return {name: floor["value"] for name, floor in json.loads(path.read_text())["mine"]["figures"].items()}


def test_pinning_again_raises_floors_and_never_lowers_one(baseline: Path) -> None:
    message = pin(results(right=0.95, answered=0.2, hit=0.7), baseline, lower=False)
    assert message == (
        f"Wrote {baseline}: 1 floor new or raised; kept 2 that would fall "
        "(mine: off-topic answered, mine: passage hit@1); lower them with --lower."
    )
    assert floors(baseline) == {
        "passage hit@1": 0.8, "passage RR": 0.85, "faq and fact right": 0.95, "off-topic answered": 0.1
    }  # fmt: skip


def test_a_figure_that_is_no_longer_measured_keeps_its_floor(baseline: Path) -> None:
    changed = results()
    changed["data"]["mine"]["retrieval"] = {}
    assert "kept 2 that would fall" in pin(changed, baseline, lower=False)
    assert floors(baseline)["passage hit@1"] == 0.8


def test_the_flag_lowers_floors(baseline: Path) -> None:
    message = pin(results(right=0.5, answered=0.2), baseline, lower=True)
    assert message == f"Wrote {baseline}: 0 floors new or raised."
    assert floors(baseline)["faq and fact right"] == 0.5
    assert floors(baseline)["off-topic answered"] == 0.2


def test_other_data_do_not_lower_floors_unasked_either(baseline: Path) -> None:
    changed = copy.deepcopy(results(right=0.5))
    changed["provenance"]["data"]["mine"] = "other"
    pin(changed, baseline, lower=False)
    assert floors(baseline)["faq and fact right"] == 0.9
    assert json.loads(baseline.read_text())["mine"]["sha256"] == "other"
    with pytest.raises(GateError, match=r"faq and fact right is 0\.5000"):
        check(changed, baseline)


def test_other_data_sets_keep_their_floors(baseline: Path) -> None:
    pin(results("public"), baseline, lower=True)
    assert list(json.loads(baseline.read_text())) == ["mine", "public"]


def test_a_baseline_is_written_whole_or_not_at_all(baseline: Path) -> None:
    before = baseline.read_text()
    (baseline.parent / ".b.json.new").mkdir()  # stands where the new content would be written first
    with pytest.raises(OSError, match="Is a directory"):
        pin(results(right=1.0), baseline, lower=False)
    assert baseline.read_text() == before


@pytest.mark.parametrize(
    ("name", "lower"),
    [
        ("answerable refused", True), ("off-topic answered", True), ("expected calibration error", True),
        ("Brier score", True), ("area under risk-coverage", True), ("p95 ms", True),
        ("right kind of answer", False), ("off-topic AUROC", False), ("passage hit@1", False),
    ],
)  # fmt: skip
def test_it_is_known_which_figures_should_be_small(name: str, lower: bool) -> None:
    assert lower_is_better(name) is lower


def test_a_fall_ends_the_command_with_its_message_and_code_2(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    from lighthouse import QUESTIONS, TEXT, write_lines

    article, baseline = tmp_path / "lighthouse.md", tmp_path / "b.json"
    article.write_text(TEXT)
    run = [
        "eval",
        str(write_lines(tmp_path / "q.jsonl", *QUESTIONS)),
        "--article",
        str(article),
        "--methods",
        "product",
    ]
    main([*run, "--pin", str(baseline), "--gate", str(baseline)])
    assert "pinned figures of q hold." in " ".join(capsys.readouterr().out.split())
    content = json.loads(baseline.read_text())
    content["q"]["figures"]["off-topic AUROC"] |= {"value": 3.0}
    baseline.write_text(json.dumps(content))
    with pytest.raises(SystemExit) as stop:
        main([*run, "--gate", str(baseline)])
    assert stop.value.code == 2
    assert f"qa: 1 figure fell below {baseline}:\n  q: off-topic AUROC is 1.0000" in capsys.readouterr().err
