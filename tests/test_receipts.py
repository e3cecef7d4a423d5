"""Whether the quotes of earlier answers still stand: verdicts on toy texts, and receipts of every bad shape."""

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from toy import ToyEncoder

from qa import Engine, ReceiptError, Settings, cli
from qa.article import Article
from qa.readers import parse_article
from qa.receipts import LEAST_SIMILARITY, MAX_BYTES, Receipt, State, Verdict, check, parse_receipts, read_receipts

SOURCE = """# Insects

Bees dance in the dark of their hive. Their dance shows the way to the sun.

Wasps build nests from paper. Nobody minds.

## FAQ

### Who found the dance?

Karl von Frisch found the dance in 1927.
"""
ARTICLE = parse_article("insects.md", SOURCE)


def receipt(quote: str, article: Article = ARTICLE, **fields: Any) -> Receipt:
    """Return the receipt of an answer that quoted an article."""
    start = article.text.index(quote)
    cited = {
        "quote": quote,
        "article": article.name,
        "start": start,
        "end": start + len(quote),
        "sha256": article.sha256,
    }
    return Receipt.model_validate({"question": "Which?", "citations": [cited | fields]}, strict=True)


def verdict(quote: str, *sources: str | Article) -> Verdict:
    """Return what became of a quote of the article in others, of which the first has its name."""
    names = ["insects.md", "b.md", "c.md"]
    articles = [
        parse_article(name, source) if isinstance(source, str) else source
        for name, source in zip(names, sources, strict=False)
    ]
    [found] = check([receipt(quote)], articles)
    return found


def test_a_quote_that_stands_where_it_stood_is_unchanged() -> None:
    found = verdict("Wasps build nests from paper.", ARTICLE)
    assert (found.state, found.similarity, found.altered) == (State.UNCHANGED, 1.0, False)
    assert found.found is not None
    assert ARTICLE.text[found.found.start : found.found.end] == found.found.text == "Wasps build nests from paper."


def test_what_an_engine_answers_is_a_receipt_of_its_own_article() -> None:
    engine = Engine.from_articles([ARTICLE], Settings(threshold=0), ToyEncoder())
    answers = [engine.ask("Who builds nests from paper?").to_dict(), engine.ask("Who found the dance?").to_dict()]
    verdicts = check(parse_receipts(json.dumps(answers).encode(), "r.json"), engine.articles)
    assert [(each.state, each.question) for each in verdicts] == [
        (State.UNCHANGED, "Who builds nests from paper?"), (State.UNCHANGED, "Who found the dance?"),
    ]  # fmt: skip


def test_a_quote_is_moved_to_the_nearest_of_the_places_where_it_stands() -> None:
    source = SOURCE.replace("Bees", "Nobody minds. Quite a number of bees").replace("Wasps", "Nobody minds.\n\nWasps")
    found = verdict("Nobody minds.", source)
    article = parse_article("insects.md", source)
    assert found.state is State.MOVED
    assert found.found is not None
    assert found.found.start == article.text.rindex("Nobody minds.\n\nWasps")  # the old place is nearest to it


@pytest.mark.parametrize("apart", ["\n", "  ", "\t", "\u00a0", "\n\n"])
def test_wrapping_a_text_anew_changes_no_quote(apart: str) -> None:
    text = ARTICLE.text.replace("the dark", f"the{apart}dark")
    found = verdict("Bees dance in the dark of their hive.", replace(ARTICLE, text=text))
    assert found.state is (State.UNCHANGED if len(apart) == 1 else State.MOVED)
    assert found.found is not None
    assert " ".join(found.found.text.split()) == "Bees dance in the dark of their hive."


def test_a_quote_within_other_words_is_not_the_quote() -> None:
    assert verdict("Nobody minds.", "All was well, as Nobody minds.\n").state is State.MOVED
    assert verdict("Nobody minds.", "All was well with Busynobody minds.x\n").state is State.GONE


def test_a_quote_that_went_to_another_article_is_moved_there() -> None:
    found = verdict("Nobody minds.", "Moths fly.", "Beetles crawl.", "Some say: Nobody minds.")
    assert found.state is State.MOVED
    assert found.found is not None
    assert (found.found.article, found.found.start) == ("c.md", 10)


def test_the_same_text_under_another_name_is_preferred_to_another_text() -> None:
    other, renamed = parse_article("a.md", "Nobody minds. So it is."), replace(ARTICLE, name="z.md")
    [found] = check([receipt("Nobody minds.")], [other, renamed])
    assert found.found is not None
    assert (found.state, found.found.article) == (State.MOVED, "z.md")


def test_a_changed_quote_is_found_with_what_was_changed_in_it() -> None:
    found = verdict("Wasps build nests from paper.", SOURCE.replace("nests from paper", "their nests from grey wood"))
    assert found.state is State.CHANGED
    assert found.found is not None
    assert found.found.text == "Wasps build their nests from grey wood."
    assert found.similarity == pytest.approx(2 * 5 / (6 + 8))
    assert found.difference() == [
        ("same", "Wasps build "), ("added", "their "), ("same", "nests from "), ("removed", "paper"),
        ("added", "grey wood"), ("same", "."),
    ]  # fmt: skip


def test_a_number_is_one_word_of_a_difference() -> None:
    article = parse_article("a.md", "It cost US$5.6 million, they say.")
    [found] = check([receipt("It cost US$5.6 million, they say.", article)], [
        parse_article("a.md", "It cost US$6.5 million, they say."),
    ])  # fmt: skip
    assert found.difference() == [
        ("same", "It cost US$"), ("removed", "5.6 "), ("added", "6.5 "), ("same", "million, they say."),
    ]  # fmt: skip


def test_sentences_that_were_joined_or_parted_are_found_whole() -> None:
    both = "Bees dance in the dark of their hive. Their dance shows the way to the sun."
    joined = verdict(both, SOURCE.replace("hive. Their", "hive, and their"))
    assert joined.found is not None
    assert joined.found.text == both.replace("hive. Their", "hive, and their")
    parted = verdict("Karl von Frisch found the dance in 1927.", SOURCE.replace("dance in", "dance. It was in"))
    assert parted.found is not None
    assert parted.found.text == "Karl von Frisch found the dance. It was in 1927."


def test_what_is_less_alike_than_the_bar_is_gone() -> None:
    quote = "Wasps build nests from paper."  # five words and a full stop
    above = verdict(quote, "Wasps build nests of silk.")  # four of six alike
    below = verdict(quote, "Wasps build hives of silk.")  # three of six
    assert (above.state, below.state) == (State.CHANGED, State.GONE)
    assert above.similarity > LEAST_SIMILARITY
    assert (below.found, below.similarity, below.difference()) == (None, 0.0, [])


def test_of_equally_similar_passages_the_one_near_the_old_place_in_the_old_article_is_taken() -> None:
    found = verdict("Nobody minds.", "Somebody minds.\n\n" * 9, "Somebody minds.")
    assert found.found is not None
    assert (found.found.article, found.found.start) == ("insects.md", 119)  # 17 letters each; the quote stood at 116


def test_a_quote_that_never_was_in_an_unchanged_article_was_altered_in_the_receipt() -> None:
    forged = receipt("Nobody minds.").citations[0].model_copy(update={"quote": "Everybody minds."})
    [found] = check([Receipt(citations=[forged])], [ARTICLE])
    assert (found.state, found.altered) == (State.CHANGED, True)
    [found] = check([Receipt(citations=[forged])], [parse_article("insects.md", SOURCE + "\n\nMore.")])
    assert (found.state, found.altered) == (State.CHANGED, False)


def test_a_script_without_spaces_is_compared_by_its_letters() -> None:
    article = parse_article("川.txt", "この川は広くて深い。橋は二つある。")
    [found] = check(
        [receipt("この川は広くて深い。", article)], [parse_article("川.txt", "この川は広くて長い。橋は三つある。")]
    )
    assert found.state is State.CHANGED
    assert found.difference() == [("same", "この川は広くて"), ("removed", "深"), ("added", "長"), ("same", "い。")]


GOOD = json.dumps({"citations": [{"quote": "Nobody minds.", "article": "insects.md", "start": 116, "end": 129}]})


@pytest.mark.parametrize(
    "data",
    [
        f"[{GOOD}, {GOOD}]".encode(), f"{GOOD}\n\n{GOOD}\n".encode(), f"[{GOOD}]\n[{GOOD}]".encode(),
        f"\ufeff{GOOD}\r\n{GOOD}".encode(), f"[{GOOD}, {GOOD}]".encode("utf-16"),
        (GOOD.replace("}]", "}], \"note\": \"\u2028\"") + "\n" + GOOD).encode(),
    ],
)  # fmt: skip
def test_answers_are_read_from_a_list_or_from_lines(data: bytes) -> None:
    assert [each.citations[0].quote for each in parse_receipts(data, "r")] == ["Nobody minds."] * 2


@pytest.mark.parametrize(
    ("data", "message"),
    [
        (b"", "r.json holds no answer; give what `qa ask --json` printed or the HTTP API answered"),
        (b"[]", "r.json holds no answer; give"),
        (b"{'a': 1}", "JSON (Expecting property name enclosed in double quotes: line 1 column 2 (char 1)); give"),
        (b"\xff\xfe\x00", "r.json is not text (truncated data at byte "),
        (f"{GOOD}\n{{".encode(), "r.json is not JSON (Expecting property name"),
        (b"[" * 200_000, "r.json is not JSON (nested too deeply);"),
        (b"1" * 9_999, "r.json is not JSON (Exceeds the limit"),
        (b"3", "r.json: answer 1 should be a valid dictionary, not 3"),
        (b'{"error": "Busy."}', "r.json: answer 1, 'citations' is missing; give what"),
        (f"[{GOOD}, null]".encode(), "r.json: answer 2 should be a valid dictionary, not None"),
        (GOOD.replace("116", '"116"').encode(), "answer 1, citation 1, 'start' should be a valid integer, not '116'"),
        (GOOD.replace("116", "true").encode(), "answer 1, citation 1, 'start' should be a valid integer, not True"),
        (GOOD.replace("116", "-1").encode(), "'start' should be greater than or equal to 0, not -1"),
        (GOOD.replace("Nobody minds.", " ").encode(), "answer 1, citation 1, 'quote' should hold a word, not ' '"),
        (GOOD.replace("Nobody", "\\ud800").encode(), "'quote' should be a valid string, unable to parse"),
        (GOOD.replace("quote", "quota").encode(), "answer 1, citation 1, 'quote' is missing; give what"),
    ],
)  # fmt: skip
def test_a_malformed_receipt_is_refused_in_one_line(data: bytes, message: str) -> None:
    with pytest.raises(ReceiptError) as caught:
        parse_receipts(data, "r.json")
    assert message in str(caught.value)
    assert len(str(caught.value).splitlines()) == 1
    assert len(str(caught.value)) < 300


TEXT = st.text(st.characters(exclude_categories=()), max_size=9)  # with half surrogate pairs
JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | TEXT | st.just("Nobody minds."),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from(["citations", "question", "quote", "article", "start", "end", "sha256", "x"]),
            inner,
            max_size=6,
        )
    ),
    max_leaves=12,
)
CITATION = st.fixed_dictionaries(
    {"quote": TEXT | st.just("Nobody minds, really."), "article": st.text(max_size=3), "start": st.integers(),
     "end": st.integers()},
    optional={"sha256": st.text(max_size=3) | st.just(ARTICLE.sha256), "x": JSON},
)  # fmt: skip


@given(JSON | st.fixed_dictionaries({"citations": st.lists(CITATION | JSON, max_size=3)}))
@settings(max_examples=200, deadline=None)
def test_any_json_is_judged_or_refused(document: Any) -> None:
    try:
        receipts = parse_receipts(json.dumps(document).encode(), "r.json")
    except ReceiptError as error:
        receipts = []
        document = str(error)
    assert not isinstance(document, str) or len(document.splitlines()) <= 1
    verdicts = check(receipts, [ARTICLE])
    assert len(verdicts) == sum(len(each.citations) for each in receipts)
    assert json.dumps([each.to_dict() for each in verdicts], ensure_ascii=False).encode()


@given(st.binary(max_size=60))
def test_any_bytes_are_refused_in_one_line(data: bytes) -> None:
    with pytest.raises(ReceiptError) as caught:
        parse_receipts(data, "r.json")
    assert len(str(caught.value).splitlines()) == 1


def test_a_file_that_is_missing_or_too_large_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ReceiptError, match=r"cannot read .*: No such file or directory; give a file of answers"):
        read_receipts(tmp_path / "r.json")
    with pytest.raises(ReceiptError, match=r"cannot read .*: Is a directory"):
        read_receipts(tmp_path)
    (tmp_path / "r.json").write_bytes(b" " * (MAX_BYTES + 1))
    with pytest.raises(ReceiptError, match=r"has more than 20,000,000 bytes, which is the limit; split it"):
        read_receipts(tmp_path / "r.json")


def verify(folder: Path, source: str, *options: str) -> int:
    """Run the command on receipts of three quotes, with today's article; return the exit code."""
    quotes = ["Nobody minds.", "Wasps build nests from paper.", "Karl von Frisch found the dance in 1927."]
    lines = [json.dumps(receipt(quote).model_dump()) for quote in quotes]
    (folder / "r.jsonl").write_text("\n".join(lines), encoding="utf-8")
    (folder / "insects.md").write_text(source, encoding="utf-8")
    try:
        cli.main(["verify", str(folder / "r.jsonl"), str(folder / "insects.md"), *options])
    except SystemExit as stop:
        return int(stop.code or 0)
    return 0


CHANGED = SOURCE.replace("from paper", "of paper").replace(
    "Karl von Frisch found the dance in 1927.", "\x1b[31m We know."
)


def test_verify_prints_a_line_for_each_quote_and_the_difference_and_fails_if_some_are_not_there(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert verify(tmp_path, CHANGED) == 1
    assert capsys.readouterr().out.splitlines() == [
        "moved insects.md, characters 116–129 → insects.md, characters 114–127: “Nobody minds.”",
        "changed insects.md, characters 86–115 → insects.md, characters 86–113 (83% alike): "
        "“Wasps build nests from paper.”",
        "  Wasps build nests [-from-] {+of+} paper.",
        "gone insects.md, characters 158–198: “Karl von Frisch found the dance in 1927.”",
        "3 quotes: 1 moved, 1 changed, 1 gone",
    ]  # fmt: skip


def test_verify_succeeds_if_all_quotes_are_there_wherever(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert verify(tmp_path, SOURCE.replace("Bees", "Many bees")) == 0
    assert capsys.readouterr().out.endswith("3 quotes: 3 moved\n")


def test_verify_prints_verdicts_as_json(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert verify(tmp_path, CHANGED, "--json") == 1
    verdicts = json.loads(capsys.readouterr().out)
    assert [each["state"] for each in verdicts] == ["moved", "changed", "gone"]
    assert verdicts[0] | {"sha256": ""} == {
        "question": "Which?", "quote": "Nobody minds.", "article": "insects.md", "start": 116, "end": 129, "sha256": "",
        "state": "moved", "similarity": 1.0, "altered": False, "difference": [],
        "found": {"article": "insects.md", "start": 114, "end": 127, "text": "Nobody minds."},
    }  # fmt: skip
    assert ["removed", "from "] in verdicts[1]["difference"]


def test_an_abstention_quotes_nothing_that_could_be_gone(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = tmp_path / "r.json"
    path.write_text('{"question": "?", "kind": "none", "citations": []}', encoding="utf-8")
    cli.main(["verify", str(path)])
    assert capsys.readouterr().out == "0 quotes: the answers quote nothing\n"


def test_bad_input_of_verify_ends_with_code_2(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as stop:
        cli.main(["verify", str(tmp_path / "r.json")])
    assert stop.value.code == 2
    assert capsys.readouterr().err.startswith("qa: cannot read ")
