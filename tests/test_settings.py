"""Settings are checked when they are made, and each refusal names the value, the limit and the remedy."""

import dataclasses
from pathlib import Path
from typing import Any

import pytest

from qa import Settings, SettingsError


@pytest.mark.parametrize(
    ("values", "message"),
    [
        ({"threshold": 1.5}, "threshold = 1.5 must be a number between 0 and 1"),
        ({"threshold": -0.1}, "threshold = -0.1 must be a number between 0 and 1"),
        ({"threshold": float("nan")}, "threshold = nan must be a number between 0 and 1"),
        ({"threshold": "high"}, "threshold = 'high' must be a number between 0 and 1"),
        ({"threshold": True}, "threshold = True must be a number between 0 and 1"),
        ({"top_k": 0}, "top_k = 0 must be a number between 1 and 100"),
        ({"top_k": 2.5}, "top_k = 2.5 must be a number between 1 and 100"),
        ({"max_question_chars": 10_001}, "max_question_chars = 10001 must be a number between 1 and 10000"),
        ({"threads": -1}, "threads = -1 must be a number between 0 and 256"),
        ({"model": " "}, "model is empty; name a sentence-transformers model or leave it out"),
        ({"model": 7}, "model = 7 must be text"),
        ({"cache_dir": None}, "cache_dir = None must be text"),
        ({"embed_origins": "https://a.example"}, "embed_origins = 'https://a.example' must be a list of origins"),
        ({"embed_origins": [1]}, "embed_origins = [1] must be a list of origins"),
        ({"colour": "red", "size": 1}, "unknown setting colour, size; known are "),
    ],
)
def test_a_value_out_of_its_range_is_refused(values: dict[str, Any], message: str) -> None:
    with pytest.raises(SettingsError) as caught:
        Settings.from_mapping(values)

    assert str(caught.value).startswith(message)


@pytest.mark.parametrize(
    "origin",
    ["a.example", "ftp://a.example", "https://", "https://a.example/path", "https://*.a.example", "https://a;b"],
)
def test_what_is_no_origin_may_not_embed_the_chat(origin: str) -> None:
    with pytest.raises(SettingsError, match=r"is no origin; write it like 'https://example\.org'"):
        Settings(embed_origins=(origin,))


def test_a_refusal_of_unknown_keys_lists_every_known_one() -> None:
    with pytest.raises(SettingsError) as caught:
        Settings.from_mapping({"tresh": 1})

    known = str(caught.value).partition("known are ")[2].split(", ")
    assert known == sorted(field.name for field in dataclasses.fields(Settings))


def test_limits_themselves_are_allowed() -> None:
    settings = Settings(threshold=0, top_k=100, max_question_chars=1, threads=256)

    assert (settings.threshold, settings.top_k, settings.max_question_chars, settings.threads) == (0, 100, 1, 256)


def test_settings_are_read_from_a_file(tmp_path: Path) -> None:
    path = tmp_path / "qa.toml"
    path.write_text('threshold = 0.5\ntop_k = 3\nembed_origins = ["https://a.example:8443"]\n', encoding="utf-8")

    assert Settings.from_file(path) == Settings(threshold=0.5, top_k=3, embed_origins=("https://a.example:8443",))


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"threshold = ", "are not TOML"),
        (b"model = '\xff'", "are not TOML"),
        (b"treshold = 1", "unknown setting treshold"),
    ],
)
def test_a_bad_file_of_settings_is_refused_in_one_line(tmp_path: Path, content: bytes, message: str) -> None:
    path = tmp_path / "qa.toml"
    path.write_bytes(content)

    with pytest.raises(SettingsError, match=message) as caught:
        Settings.from_file(path)
    assert "\n" not in str(caught.value)


def test_a_missing_file_of_settings_is_named(tmp_path: Path) -> None:
    with pytest.raises(SettingsError, match=rf"cannot read settings {tmp_path}/no\.toml: No such file"):
        Settings.from_file(tmp_path / "no.toml")


def test_settings_cannot_be_changed() -> None:
    settings: Any = Settings()
    with pytest.raises(dataclasses.FrozenInstanceError):
        settings.top_k = 3


def test_the_cache_is_where_the_setting_says_or_else_the_environment_or_else_the_users(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("QA_CACHE_DIR", str(tmp_path / "environment"))
    assert Settings(cache_dir=str(tmp_path / "setting")).cache_path == tmp_path / "setting"
    assert Settings().cache_path == tmp_path / "environment"

    monkeypatch.delenv("QA_CACHE_DIR")
    assert Settings().cache_path.name == "ask-the-article"
