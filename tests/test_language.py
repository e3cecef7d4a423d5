"""A language is named where the words or letters tell, and only there."""

import pytest

from qa.language import LANGUAGES, NAMES, SCRIPTS, analyzer, detect, stop_words


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("When was the company founded?", "en"),
        ("Quand la société a-t-elle été fondée et par qui ?", "fr"),
        ("Wann wurde die Firma gegründet und von wem?", "de"),
        ("¿Cuándo se fundó la empresa y por qué?", "es"),
        ("Quando è stata fondata la società e da chi?", "it"),
        ("Wanneer is het bedrijf opgericht en door wie?", "nl"),
        ("Когда была основана компания?", "ru"),
        ("这家公司是什么时候成立的？", "zh"),
        ("会社はいつ設立されましたか？", "ja"),
        ("회사는 언제 설립되었습니까?", "ko"),
        ("متى تأسست الشركة؟", "ar"),
        ("מתי נוסדה החברה?", "he"),
        ("Πότε ιδρύθηκε η εταιρεία;", "el"),
        ("कंपनी की स्थापना कब हुई?", "hi"),
        ("บริษัทก่อตั้งเมื่อใด", "th"),
    ],
)
def test_function_words_or_a_script_tell_the_language(text: str, code: str) -> None:
    assert detect(text) == code
    assert NAMES[code].istitle()


@pytest.mark.parametrize("text", ["", "R1?", "DeepSeek R1 cost", "12 % 🐝", "la", "x y z", "\u0301"])
def test_where_nothing_tells_no_language_is_claimed(text: str) -> None:
    assert detect(text) == ""


@pytest.mark.parametrize(
    ("text", "code"),
    [("DeepSeek 是什么时候成立的？", "zh"), ("Что такое DeepSeek R1?", "ru"), ("DeepSeekはいつ設立されましたか", "ja")],
)
def test_a_name_in_other_letters_does_not_hide_the_language(text: str, code: str) -> None:
    assert detect(text) == code


@pytest.mark.parametrize("text", ["What is 深度求索?", "What does the word спутник mean?", "Is it α, β or γ?"])
def test_a_foreign_word_that_is_asked_about_does_not_change_the_language(text: str) -> None:
    assert detect(text) == "en"


def test_every_script_has_a_language_that_can_be_named() -> None:
    assert set(SCRIPTS.values()) | set(LANGUAGES) == set(NAMES)


@pytest.mark.parametrize("code", LANGUAGES)
def test_each_language_has_function_words_and_a_stemmer(code: str) -> None:
    assert len(stop_words(code)) > 20
    assert analyzer(code)("R1") == ["r1"]


def test_terms_are_stemmed_words_without_function_words() -> None:
    assert analyzer("en")("The companies were founding a Company's R1, didn't they?") == [
        "compani",
        "found",
        "compani",
        "r1",
    ]


def test_a_language_without_lists_keeps_all_words_lower_cased() -> None:
    assert stop_words("zh") == frozenset()
    assert analyzer("zh")("R1 是 Model") == ["r1", "是", "model"]
