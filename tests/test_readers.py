"""Whatever a file holds, its parts are exact slices of the text, and what a reader sees is what is kept."""

from pathlib import Path

import pytest
from hypothesis import HealthCheck, event, given, settings
from hypothesis import strategies as st
from reading import faqs, passages, sentences

from qa import Article, ReadError
from qa.readers import parse_article, read_articles

PIECES = (
    "# Heading", "## FAQ", "FAQs:", "### Is it a question?", "Heading\n===", "---\ntitle: x\n---", "---",
    "Q: Why?", "A: Because.", "**Is it bold?** Yes.", "- What is it?\nIt is x. - Why so?\nSo.", "- item", "1. one",
    "Also read: more", "| a | b |\n|---|---|\n| c | d |", "```", "> quote", "[text](link)", "*em **strong***",
    "Hello world. It ends here.", "Dr. Smith went. He left…", "“Quoted.” he said", "Two\nlines", "?", "!", "…", "\\*",
    "é", "e\u0301", "👩‍👩‍👧", "你好。今天很好。", "مرحبا", "İ", "\u200b", "\ufeff", "\u2028",
    "\x85", "\x1c", "\x0b", "\xa0", "\ud800", "\0", "\n", "\n\n", "\r\n", "\r", " ", "\t",
)  # fmt: skip
DOCUMENTS = st.tuples(
    st.sampled_from(["", " ", "\n", "\r\n", "\n\n", "\r\n\r\n"]),
    st.lists(st.sampled_from(PIECES) | st.text(max_size=8), max_size=14),
    st.sampled_from(["", "\n"]),
).map(lambda parts: parts[0].join(parts[1]) + parts[2])


def check_spans(article: Article) -> None:
    """Hold what is true of every article."""
    text = article.text
    end = 0
    for section in article.sections:
        assert end <= section.span.start <= section.span.end <= len(text)
        assert section.span.contains(section.heading)
        end = section.span.end
    end = 0
    for passage in article.passages:
        assert passage.span.start >= end
        assert article.sections[passage.section].span.contains(passage.span)
        assert passage.sentences
        end = passage.span.start
        for sentence in passage.sentences:
            assert sentence.start >= end
            assert passage.span.contains(sentence)
            end = sentence.end
        end = passage.span.end
    for faq in article.faqs:
        assert faq.question.end <= faq.answer.start
        assert article.sections[faq.section].span.contains(faq.question)
        assert article.sections[faq.section].span.contains(faq.answer)
        assert not any(passage.span.overlaps(faq.answer) for passage in article.passages)
    quotes = [*passages(article), *(quote for passage in sentences(article) for quote in passage)]
    quotes += [quote for entry in faqs(article) for quote in entry]
    assert all(quote == quote.strip() != "" for quote in quotes)
    assert quotes, "an article without anything to quote is no article"


@given(DOCUMENTS)
@settings(max_examples=800, deadline=None, suppress_health_check=[HealthCheck.too_slow])
def test_every_part_of_any_text_is_a_slice_of_it_in_order_and_nothing_but_a_read_error_is_raised(source: str) -> None:
    try:
        article = parse_article("any.md", source)
    except ReadError as error:
        event(str(error))
        return
    check_spans(article)
    assert "\r" not in article.text


@pytest.mark.parametrize("source", ["One", "One sentence.", "One sentence.\n", "\ufeffOne sentence.\r\n"])
def test_one_sentence_is_an_article(source: str) -> None:
    article = parse_article("a.txt", source)

    assert sentences(article) == [[source.strip("\ufeff\r\n")]]
    assert article.title == "a.txt"


@pytest.mark.parametrize(
    ("source", "message"),
    [
        ("", "a.md is empty; give a file with at least one sentence"),
        (" \r\n\t…\n", "a.md is empty; give a file with at least one sentence"),
        ("# A\n\n## B\n", "a.md has no paragraph to quote, only headings; give a file with at least one sentence"),
        ("One\0two.", "a.md is binary (it holds NUL bytes); give a text or Markdown file"),
        ("a\ud800", "a.md is not text (half a surrogate pair, U+D800 at character 2); write it anew as UTF-8"),
    ],
)
def test_a_text_that_holds_nothing_to_quote_is_refused_with_a_remedy(source: str, message: str) -> None:
    with pytest.raises(ReadError) as caught:
        parse_article("a.md", source)

    assert str(caught.value) == message


def test_line_ends_of_all_systems_give_the_same_article() -> None:
    lines = ["# Bees", "", "Bees dance.", "They turn.", "", "- one", "- two"]
    unix, dos, mac = (parse_article("a.md", end.join(lines)) for end in ("\n", "\r\n", "\r"))

    assert unix == dos == mac


def test_what_holds_no_letter_or_digit_joins_its_neighbour() -> None:
    assert sentences(parse_article("a.txt", "!! Bees dance. ... They turn. ??")) == [
        ["!! Bees dance. ...", "They turn. ??"]
    ]


def test_a_folder_is_read_in_the_order_of_its_names_and_keeps_their_paths(tmp_path: Path) -> None:
    (tmp_path / "sub").mkdir()
    for name in ("b.txt", "a.md", "sub/c.MD", ".hidden.md", "image.png"):
        (tmp_path / name).write_text("Bees dance.", encoding="utf-8")

    assert [article.name for article in read_articles(tmp_path)] == ["a.md", "b.txt", "sub/c.MD"]


@pytest.mark.parametrize(
    "data", [b"\xef\xbb\xbfna\xc3\xafve bees", "naïve bees".encode("utf-16"), "naïve bees".encode()]
)
def test_utf_8_and_utf_16_files_are_read_with_and_without_their_mark(tmp_path: Path, data: bytes) -> None:
    (tmp_path / "a.txt").write_bytes(data)

    assert read_articles(tmp_path / "a.txt")[0].text == "naïve bees"


def test_a_file_that_cannot_be_read_is_named_in_one_line_with_a_remedy(tmp_path: Path) -> None:
    (tmp_path / "folder").mkdir()
    (tmp_path / "binary.txt").write_bytes(b"PK\x03\x04\0\0")
    (tmp_path / "latin.txt").write_bytes("Les abeilles dansent à midi".encode("latin-1"))
    (tmp_path / "empty.txt").write_bytes(b"")
    with (tmp_path / "huge.txt").open("wb") as stream:
        stream.truncate(20_000_001)
    expected = {
        "missing.txt": "does not exist; give a file or a folder",
        "folder": "holds no article; put a .md or .txt file there",
        "binary.txt": "is binary (it holds NUL bytes); give a text or Markdown file",
        "latin.txt": "is not UTF-8 text (byte 21); convert it to UTF-8",
        "empty.txt": "is empty; give a file with at least one sentence",
        "huge.txt": "has 20,000,001 bytes; the limit is 20,000,000: split it",
    }

    for name, rest in expected.items():
        with pytest.raises(ReadError) as caught:
            read_articles(tmp_path / name)
        assert str(caught.value).removeprefix(f"{tmp_path}/") == f"{name} {rest}"


def test_a_folders_own_files_are_named_by_their_path_in_it(tmp_path: Path) -> None:
    (tmp_path / "sub").mkdir()
    (tmp_path / "sub" / "empty.txt").write_bytes(b"")

    with pytest.raises(ReadError, match=r"^sub/empty\.txt is empty"):
        read_articles(tmp_path)
