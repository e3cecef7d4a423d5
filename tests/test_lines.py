"""A text in quotation marks stays as it is, and no mark stands twice."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from qa.lines import in_marks


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("Nobody minds.", "“Nobody minds.”"),
        ("It’s the bees’ own dance.", "“It’s the bees’ own dance.”"),
        ("They call it a ‘waggle’.", "“They call it a ‘waggle’.”"),
        ("«Rien», dit-elle.", "“«Rien», dit-elle.”"),
        ("They call it a “waggle”.", "‘They call it a “waggle”.’"),
        ('They call it a "waggle".', '‘They call it a "waggle".’'),
        ("“Nobody won,” said Petra.", "‘“Nobody won,” said Petra.’"),
        ("Petra said: “Nobody won.”", "‘Petra said: “Nobody won.”’"),
        ("“So I thought: somebody must go.", "‘“So I thought: somebody must go.’"),
        ("and look.”", "‘and look.”’"),
        ("“Nobody,” she said. “Nobody won.”", "‘“Nobody,” she said. “Nobody won.”’"),
        ("“They call it a ‘waggle’,” she said.", "‘“They call it a ‘waggle’,” she said.’"),
        ("‘Yes’, he said, “no.”", "«‘Yes’, he said, “no.”»"),
        ("The “dance” of the bees’", "«The “dance” of the bees’»"),
    ],
)
def test_a_text_gets_marks_of_a_kind_that_it_does_not_have(text: str, shown: str) -> None:
    assert in_marks(text) == shown


@pytest.mark.parametrize("text", ["“Nobody won.”", '"Nobody won."', "‘It’s ours.’", "«Rien.»", "„Niemand.“"])
def test_a_text_that_is_one_quotation_has_marks_enough(text: str) -> None:
    assert in_marks(text) == text


@given(st.text(alphabet="ab .,“”‘’\"'", min_size=1).map(str.strip).filter(bool))
def test_the_text_stays_word_for_word_and_no_mark_stands_twice_at_its_edges(text: str) -> None:
    shown = in_marks(text)
    before, _, after = shown.partition(text)
    assert before + text + after == shown
    assert (before, after) in {("", ""), ("“", "”"), ("‘", "’"), ("«", "»")}
    for mark, edge in ((before, text[0]), (after, text[-1])):
        for kind in ('“”"', "‘’'"):
            assert not (mark and mark in kind and edge in kind)
