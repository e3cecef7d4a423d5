"""An index in a folder is the one that was written there, or it is noticed to be of no use and built anew."""

import json
import logging
import os
import resource
import signal
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import pytest
from opening import CountingEncoder, open_corpus
from waiting import until

from qa import ReadError
from qa.index import Index, open_index
from qa.readers import Source, find_sources, read_articles

BEES = (
    "# Bees\n\nBees dance. Wasps sting bees.\n\nHoney is sweet.\n\n"
    "## FAQ\n\n### Who dances?\n\nBees do.\n\nAll of them.\n"
)
MOTHS = "# Moths\n\nMoths fly at night.\n\nTheir wings are dusty.\n"


@pytest.fixture
def corpus(tmp_path: Path) -> Path:
    folder = tmp_path / "corpus"
    folder.mkdir()
    (folder / "bees.md").write_text(BEES, encoding="utf-8")
    (folder / "moths.md").write_text(MOTHS, encoding="utf-8")
    return folder


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return tmp_path / "indexes"


def large(corpus: Path, passages: int) -> None:
    for part in range(4):
        lines = [f"Fact{part} number{number} holds." for number in range(passages // 4)]
        (corpus / f"large{part}.md").write_text("\n\n".join([f"# Large {part}", *lines]), encoding="utf-8")


def start(corpus: Path, folder: Path, seconds: float = 0.0) -> subprocess.Popen[str]:
    command = [sys.executable, str(Path(__file__).parent / "opening.py"), str(corpus), str(folder), str(seconds)]
    return subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)


def same(index: Index, corpus: Path, fresh: Index | None = None) -> bool:
    """Return whether an index has the columns and articles of one that is made from the files as they are."""
    fresh = fresh or Index.of(read_articles(corpus), CountingEncoder())
    equal = all(np.array_equal(index.columns[name], column) for name, column in fresh.columns.items())
    return equal and list(index.articles) == list(fresh.articles)


def content(folder: Path) -> Path:
    [manifest] = folder.glob("*/*/manifest.json")
    return manifest.parent


def test_a_second_opening_reads_what_the_first_wrote_and_encodes_nothing(corpus: Path, folder: Path) -> None:
    first, second = CountingEncoder(), CountingEncoder()

    assert same(open_corpus(corpus, folder, first), corpus)
    assert same(open_corpus(corpus, folder, second), corpus)
    assert (len(first.encoded()), second.encoded()) == (7, [])


def test_token_vectors_and_text_stay_in_the_files(corpus: Path, folder: Path) -> None:
    large(corpus, 800)
    open_corpus(corpus, folder, CountingEncoder())

    index = open_corpus(corpus, folder, CountingEncoder())

    assert isinstance(index.columns["passage_tokens"].base, np.memmap)
    assert index.columns["passage_tokens"].dtype == np.uint8


def test_a_changed_article_is_encoded_only_where_it_changed(corpus: Path, folder: Path) -> None:
    encoder = CountingEncoder()
    open_corpus(corpus, folder, encoder)
    encoder.calls.clear()
    (corpus / "bees.md").write_text(BEES.replace("Honey is sweet.", "Honey is gold."), encoding="utf-8")

    index = open_corpus(corpus, folder, encoder)

    assert encoder.encoded() == ["Honey is gold."]
    assert same(index, corpus)


def test_articles_that_come_and_go_are_followed_and_leave_nothing_behind(corpus: Path, folder: Path) -> None:
    encoder = CountingEncoder()
    open_corpus(corpus, folder, encoder)
    (corpus / "moths.md").unlink()
    (corpus / "ants.md").write_text("# Ants\n\nAnts carry leaves.\n", encoding="utf-8")
    encoder.calls.clear()

    index = open_corpus(corpus, folder, encoder)

    assert encoder.encoded() == ["Ants carry leaves."]
    assert same(index, corpus)
    assert not any(b"dusty" in path.read_bytes() for path in folder.rglob("*") if path.is_file())


@dataclass(frozen=True, slots=True)
class Changing(Source):
    """A source that says something else each time it is read, in the end always the same."""

    states: Sequence[bytes] = ()
    reads: Counter[str] = field(default_factory=Counter)

    def read(self) -> bytes:
        """Return what it says now."""
        self.reads["done"] += 1
        return self.states[min(self.reads["done"], len(self.states)) - 1]


def test_what_changes_while_it_is_read_is_kept_as_what_was_read(folder: Path) -> None:
    still = Source("bees", data=BEES.encode())
    before, after = MOTHS.encode(), b"# Moths\n\nMoths sleep.\n"
    opened = [
        open_index([still, Changing("moths", states=states)], CountingEncoder(), folder, "place").articles[1].text
        for states in ([before, after], [before], [after])
    ]

    assert opened == ["Moths\n\nMoths sleep.", "Moths\n\nMoths fly at night.\n\nTheir wings are dusty.", opened[0]]


def test_a_single_source_is_read_once_since_it_may_be_a_pipe(folder: Path) -> None:
    pipe = Changing("pipe", states=[BEES.encode(), b""])

    assert len(open_index([pipe], CountingEncoder(), folder, "pipe").articles) == 1
    assert pipe.reads["done"] == 1


def test_articles_of_one_name_or_from_another_address_are_not_taken_for_each_other(folder: Path) -> None:
    bees, moths = Source("one", data=BEES.encode()), Source("one", data=MOTHS.encode())
    open_index([bees, moths], CountingEncoder(), folder, "place")
    other = Source("one", data=MOTHS.encode(), url="https://example.org/moths")

    index = open_index([bees, moths, other], CountingEncoder(), folder, "place")

    assert [article.title for article in index.articles] == ["Bees", "Moths", "Moths"]
    assert [article.url for article in index.articles] == ["", "", "https://example.org/moths"]


def test_in_another_language_words_are_stemmed_anew(corpus: Path, folder: Path) -> None:
    open_corpus(corpus, folder, CountingEncoder())
    (corpus / "ants.md").write_text("---\nlanguage: de\n---\n# Ameisen\n\nAmeisen tragen Blätter.\n", encoding="utf-8")
    encoder = CountingEncoder()

    assert same(open_corpus(corpus, folder, encoder), corpus)
    assert encoder.encoded() == ["Ameisen tragen Blätter."]


def test_a_moved_title_alone_encodes_nothing_and_is_seen(corpus: Path, folder: Path) -> None:
    open_corpus(corpus, folder, CountingEncoder())
    (corpus / "moths.md").write_text(MOTHS.replace("# Moths", "# Night moths"), encoding="utf-8")
    encoder = CountingEncoder()

    assert open_corpus(corpus, folder, encoder).articles[1].title == "Night moths"
    assert encoder.encoded() == []


@pytest.mark.parametrize("damage", ["cut off", "altered", "lost", "empty"])
def test_damage_to_any_file_is_noticed_and_mended(
    corpus: Path, folder: Path, damage: str, caplog: pytest.LogCaptureFixture
) -> None:
    large(corpus, 800)  # so that there are files of every kind
    fresh = open_corpus(corpus, folder, CountingEncoder())
    names = sorted(path.name for path in content(folder).iterdir())

    assert {"manifest.json", "passage_tokens.npy", "small.safetensors"} <= set(names)
    for name in names:
        path = content(folder) / name
        data = path.read_bytes()
        middle = len(data) // 2
        altered = data[:middle] + bytes([data[middle] ^ 1]) + data[middle + 1 :]
        path.write_bytes({"cut off": data[:middle], "altered": altered, "lost": b"", "empty": b""}[damage])
        if damage == "lost":
            path.unlink()
        caplog.clear()
        index = open_corpus(corpus, folder, CountingEncoder())

        assert same(index, corpus, fresh)
        if (name, damage) != ("manifest.json", "lost"):  # without one, there is no index at all
            assert "building it anew" in caplog.text
    assert sorted(path.name for path in content(folder).iterdir()) == names


def test_an_index_of_another_format_is_built_anew(corpus: Path, folder: Path, caplog: pytest.LogCaptureFixture) -> None:
    open_corpus(corpus, folder, CountingEncoder())
    manifest = content(folder) / "manifest.json"
    manifest.write_text(json.dumps(json.loads(manifest.read_text()) | {"format": 0}), encoding="utf-8")

    assert same(open_corpus(corpus, folder, CountingEncoder()), corpus)
    assert "is of another format" in caplog.text


def test_another_model_or_another_way_of_storing_gets_an_index_of_its_own(corpus: Path, folder: Path) -> None:
    other = CountingEncoder()
    other.fingerprint = "another toy"
    open_corpus(corpus, folder, CountingEncoder())
    open_corpus(corpus, folder, other)
    half = open_index(find_sources(corpus), other, folder, str(corpus), "float16")

    assert len(other.encoded()) == 14
    assert half.columns["passage_tokens"].dtype == np.float16


def test_an_unreadable_file_is_left_out_each_time_and_the_rest_is_read(
    corpus: Path, folder: Path, caplog: pytest.LogCaptureFixture
) -> None:
    (corpus / "broken.md").write_bytes(b"\0\1\2" * 9)
    for _ in range(2):
        caplog.clear()
        index = open_corpus(corpus, folder, CountingEncoder())

        assert [article.name for article in index.articles] == ["bees.md", "moths.md"]
        assert [record.levelno for record in caplog.records] == [logging.WARNING]
        assert "broken.md" in caplog.text


def test_where_nothing_is_readable_there_is_an_error_and_no_index(corpus: Path, folder: Path) -> None:
    (corpus / "bees.md").write_text("", encoding="utf-8")
    with pytest.raises(ReadError, match=r"bees\.md"):
        open_index(find_sources(corpus / "bees.md"), CountingEncoder(), folder, "bees")
    (corpus / "moths.md").write_text("", encoding="utf-8")
    with pytest.raises(ReadError, match="none of the 2 files"):
        open_corpus(corpus, folder, CountingEncoder())
    assert list(folder.glob("*/*/manifest.json")) == []


def test_where_no_folder_can_be_made_the_index_is_in_memory(
    corpus: Path, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    (tmp_path / "file").touch()

    assert same(open_corpus(corpus, tmp_path / "file" / "indexes", CountingEncoder()), corpus)
    assert "name another folder with --index" in caplog.text


def test_a_full_disk_costs_the_index_but_no_answer(corpus: Path, folder: Path) -> None:
    large(corpus, 2000)
    limits = resource.getrlimit(resource.RLIMIT_FSIZE)
    process = start(corpus, folder, 0.1)  # time to be limited in
    resource.prlimit(process.pid, resource.RLIMIT_FSIZE, (100_000, limits[1]))
    output, errors = process.communicate(timeout=60)

    assert (output.split()[0], process.returncode) == ("2004", 0)
    assert "is not kept" in errors
    assert list(folder.glob("*/*/manifest.json")) == []
    assert same(open_corpus(corpus, folder, CountingEncoder()), corpus)


def test_a_build_that_was_killed_goes_on_where_it_was(corpus: Path, folder: Path) -> None:
    large(corpus, 4000)
    process = start(corpus, folder, 0.15)
    until(lambda: any(folder.glob("*/blocks/*.npz")))
    os.kill(process.pid, signal.SIGKILL)
    process.communicate()
    encoder = CountingEncoder()

    index = open_corpus(corpus, folder, encoder)

    assert process.returncode == -signal.SIGKILL
    assert 0 < len(encoder.encoded()) <= 4007 - 1024
    assert same(index, corpus)
    assert sorted(path.name for path in content(folder).parent.iterdir()) == [content(folder).name, "lock"]


@pytest.mark.parametrize("after", [0.0, 0.1, 0.3, 0.6])
def test_a_build_killed_at_any_moment_does_no_harm(corpus: Path, folder: Path, after: float) -> None:
    process = start(corpus, folder, 0.02)
    until(folder.exists)
    with suppress(subprocess.TimeoutExpired):
        process.wait(after / 10)
    os.kill(process.pid, signal.SIGKILL)
    process.communicate()

    assert same(open_corpus(corpus, folder, CountingEncoder()), corpus)


def test_of_processes_that_come_at_once_one_builds_and_the_others_wait(corpus: Path, folder: Path) -> None:
    processes = [start(corpus, folder, 0.3) for _ in range(3)]
    outputs = [process.communicate(timeout=60)[0] for process in processes]

    assert sorted(outputs) == ["4 0\n", "4 0\n", "4 7\n"]
    assert same(open_corpus(corpus, folder, CountingEncoder()), corpus)


def test_indexes_that_nobody_opened_for_long_are_removed(corpus: Path, folder: Path) -> None:
    open_index(find_sources(corpus / "bees.md"), CountingEncoder(), folder, "old")
    open_index(find_sources(corpus / "bees.md"), CountingEncoder(), folder, "recent")
    ages = {path.parent: 100 if number else 10 for number, path in enumerate(sorted(folder.glob("*/lock")))}
    own = [folder / "letters", folder / next(iter(ages)).name[::-1]]  # of whoever named the folder
    for place in own:
        place.mkdir()
        (place / "letter.txt").touch()
    for place, days in {**ages, **dict.fromkeys(own, 100)}.items():
        os.utime(place, (time.time() - days * 86_400,) * 2)

    open_corpus(corpus, folder, CountingEncoder())

    assert [place.exists() for place, days in ages.items()] == [days == 10 for days in ages.values()]
    assert all((place / "letter.txt").exists() for place in own)
