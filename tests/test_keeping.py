"""Passages are encoded once, in whichever process; questions are never kept."""

import os
from pathlib import Path

import numpy as np
import pytest
from toy import ToyEncoder

from qa.encoder import Encoding, Role
from qa.encoder.keeping import KeepingEncoder

PASSAGES = ("Bees dance.", "", "They turn and turn.")


def assert_equal(left: list[Encoding], right: list[Encoding]) -> None:
    for one, other in zip(left, right, strict=True):
        for name in ("ids", "offsets", "tokens", "pooled"):
            assert np.array_equal(getattr(one, name), getattr(other, name))
            assert getattr(one, name).dtype == getattr(other, name).dtype


def test_passages_that_were_encoded_before_are_read_instead(tmp_path: Path) -> None:
    first, second = ToyEncoder(), ToyEncoder()
    computed = KeepingEncoder(first, tmp_path).encode(PASSAGES)

    read = KeepingEncoder(second, tmp_path).encode(PASSAGES)

    assert first.calls == [(PASSAGES, Role.PASSAGE)]
    assert second.calls == []
    assert_equal(read, computed)


@pytest.mark.parametrize("texts", [PASSAGES[:2], PASSAGES[::-1], ("Bees dance.\0", "They turn and turn.")])
def test_other_passages_are_encoded(tmp_path: Path, texts: tuple[str, ...]) -> None:
    encoder = ToyEncoder()
    keeping = KeepingEncoder(encoder, tmp_path)
    keeping.encode(PASSAGES)

    keeping.encode(texts)

    assert encoder.calls == [(PASSAGES, Role.PASSAGE), (texts, Role.PASSAGE)]


def test_another_encoders_vectors_are_not_served(tmp_path: Path) -> None:
    encoder = ToyEncoder()
    encoder.fingerprint = "another"
    KeepingEncoder(ToyEncoder(), tmp_path).encode(PASSAGES)

    KeepingEncoder(encoder, tmp_path).encode(PASSAGES)

    assert len(encoder.calls) == 1


def test_questions_are_not_kept(tmp_path: Path) -> None:
    encoder = ToyEncoder()
    keeping = KeepingEncoder(encoder, tmp_path)
    for _ in range(2):
        keeping.encode(["Who dances?", "Why?"], Role.QUERY)

    assert len(encoder.calls) == 2
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("keep", [0.0, 0.5, 0.99])
def test_a_damaged_file_is_replaced(tmp_path: Path, keep: float) -> None:
    computed = KeepingEncoder(ToyEncoder(), tmp_path).encode(PASSAGES)
    [file] = tmp_path.iterdir()
    content = file.read_bytes()
    file.write_bytes(content[: int(len(content) * keep)])

    assert_equal(KeepingEncoder(ToyEncoder(), tmp_path).encode(PASSAGES), computed)
    assert file.stat().st_size == len(content)


def test_a_changed_byte_is_noticed(tmp_path: Path) -> None:
    computed = KeepingEncoder(ToyEncoder(), tmp_path).encode(PASSAGES)
    [file] = tmp_path.iterdir()
    content = bytearray(file.read_bytes())
    content[len(content) // 2] ^= 1
    file.write_bytes(content)

    assert_equal(KeepingEncoder(ToyEncoder(), tmp_path).encode(PASSAGES), computed)


def test_the_files_that_were_not_used_for_longest_make_room(tmp_path: Path) -> None:
    keeping = KeepingEncoder(ToyEncoder(), tmp_path)
    keeping.encode(["old"])
    [old] = tmp_path.iterdir()
    os.utime(old, (1, 1))
    keeping.encode(["idle"])
    [idle] = set(tmp_path.iterdir()) - {old}
    os.utime(idle, (2, 2))
    with (tmp_path / "large.npz").open("wb") as stream:
        stream.truncate(256_000_001 - 3 * old.stat().st_size)
    os.utime(tmp_path / "large.npz", (3, 3))
    keeping.encode(["old"])

    keeping.encode(["new"])

    assert old.exists(), "it was used since"
    assert (tmp_path / "large.npz").exists()
    assert not idle.exists()


def test_a_folder_that_cannot_be_written_to_is_done_without(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("", encoding="utf-8")

    encodings = KeepingEncoder(ToyEncoder(), tmp_path / "file" / "folder").encode(PASSAGES)

    assert_equal(encodings, ToyEncoder().encode(PASSAGES))
