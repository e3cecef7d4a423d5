"""What is too long for the encoder is encoded in windows, and no token is lost."""

import re
from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from toy import ToyEncoder

from qa import Article, Span
from qa.index import encode_windows
from qa.readers import parse_article


def tokens(text: str) -> list[tuple[int, int]]:
    return [match.span() for match in re.finditer(r"\w+", text)]


def one_passage(text: str) -> tuple[Article, Span]:
    article = parse_article("long.txt", text)
    [passage] = article.passages
    return article, passage.span


def test_a_long_passage_is_encoded_in_windows_of_whole_sentences_that_overlap_by_one() -> None:
    encoder = ToyEncoder(max_tokens=2 + 6)
    article, span = one_passage("One two three. Four five. Six seven eight nine. Ten. Eleven twelve. Thirteen.")

    list(encode_windows(encoder, [(article.text, span, article.passages[0].sentences)]))

    assert encoder.calls[0][0] == (
        "One two three. Four five.",
        "Four five. Six seven eight nine.",
        "Six seven eight nine. Ten.",
        "Ten. Eleven twelve. Thirteen.",
    )


def test_a_sentence_longer_than_a_window_is_encoded_in_pieces() -> None:
    encoder = ToyEncoder(max_tokens=2 + 4)
    article, span = one_passage("One two three four five six seven eight nine ten.")

    [encoding] = encode_windows(encoder, [(article.text, span, article.passages[0].sentences)])

    assert encoder.calls[0][0] == ("One two three four ", "five six seven eight ", "nine ten.")
    assert encoding.offsets.tolist() == [list(token) for token in tokens(article.text)]


@given(
    st.lists(st.integers(1, 12), min_size=1, max_size=12),
    st.integers(1, 9),
    st.sampled_from(["", "Before.\n\n"]),
)
@settings(max_examples=150, deadline=None)
def test_windows_cover_each_token_once_in_order_and_none_is_cut_off(
    lengths: list[int], limit: int, before: str
) -> None:
    encoder = ToyEncoder(max_tokens=limit + 2)
    words = iter(f"w{number}" for number in range(sum(lengths)))
    text = before + " ".join(" ".join(next(words) for _ in range(length)) + "." for length in lengths)
    span = Span(len(before), len(text))
    ends = [match.end() for match in re.finditer(r"\.", text) if match.end() > len(before)]
    sentences = [Span(start, end) for start, end in pairwise([len(before), *ends])]

    [encoding] = encode_windows(encoder, [(text, span, sentences)])

    assert encoding.offsets.tolist() == [list(token) for token in tokens(text) if token[0] >= len(before)]
    assert [text[start:end] for start, end in encoding.offsets] == [f"w{number}" for number in range(sum(lengths))]
    assert all(len(tokens(window)) <= limit for window in encoder.calls[0][0])
    assert float(np.linalg.norm(encoding.pooled)) == pytest.approx(1, abs=1e-5)


def test_the_windows_vector_is_the_unit_mean_of_theirs() -> None:
    encoder = ToyEncoder(max_tokens=2 + 2)
    article, span = one_passage("One two. Three four.")

    [encoding] = encode_windows(encoder, [(article.text, span, article.passages[0].sentences)])

    assert sorted(encoding.pooled[:4].tolist()) == pytest.approx([0.5] * 4)
