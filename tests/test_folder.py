"""A folder's articles: everything that may be one is tried, and what cannot be read costs one line."""

import logging
import os
from pathlib import Path

import pytest

from qa import ReadError
from qa.readers import Source, find_sources, read_articles, read_sources, sources


def names(folder: Path) -> list[str]:
    return [source.name for source in find_sources(folder)]


def fill(folder: Path, *paths: str) -> None:
    for path in paths:
        file = folder / path
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text("Bees dance.", encoding="utf-8")


def test_files_are_sorted_by_their_path_below_the_folder(tmp_path: Path) -> None:
    fill(tmp_path, "b.txt", "a.md", "sub/c.MD", "sub/deeper/d", "e.html", "Z.pdf")

    assert names(tmp_path) == ["Z.pdf", "a.md", "b.txt", "e.html", "sub/c.MD", "sub/deeper/d"]
    assert names(tmp_path / "a.md") == ["a.md"]
    assert [article.name for article in read_articles(tmp_path)] == names(tmp_path)


def test_hidden_files_programs_data_pictures_and_parts_of_saved_pages_are_skipped_silently(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    fill(tmp_path, "bees.html", "bees_files/ad.html", "wasps.htm", "wasps-Dateien/frame.html", "notes_files/kept.txt")
    fill(tmp_path, ".hidden.md", ".git/a.md", "node_modules/x/README.md", "__pycache__/a.txt", "sub/.venv/a.txt")
    fill(
        tmp_path, "a.css", "a.JS", "a.mjs", "a.png", "a.woff2", "a.mp4", "a.json", "a.jsonl", "a.csv", "a.py", "a.yaml"
    )

    assert [article.name for article in read_articles(tmp_path)] == ["bees.html", "notes_files/kept.txt", "wasps.htm"]
    assert caplog.records == []


def test_links_neither_lead_out_of_the_folder_nor_round_in_it(tmp_path: Path) -> None:
    folder = tmp_path / "articles"
    fill(folder, "z/real.txt", "..data/mounted.txt")
    fill(tmp_path, "secret.txt", "outside/b.txt")
    for link, target in {
        "a.txt": "z/real.txt",
        "mounted.txt": "..data/mounted.txt",
        "secret.txt": "../secret.txt",
        "outside": "../outside",
        "loop": ".",
        "self.txt": "self.txt",
        "broken.txt": "nowhere",
    }.items():
        (folder / link).symlink_to(target)

    assert names(folder) == ["mounted.txt", "z/real.txt"]


def test_each_file_that_cannot_be_read_is_one_warning_and_the_others_are_read(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    fill(tmp_path, "good.txt")
    (tmp_path / "book.epubx").write_bytes(b"PK\x03\x04")
    (tmp_path / "empty.txt").write_bytes(b"")
    (tmp_path / "scan").write_bytes(b"\x89PNG")
    (tmp_path / "two\nlines.txt").write_bytes(b"\0")
    with (tmp_path / "huge.txt").open("wb") as stream:
        stream.truncate(20_000_001)

    with caplog.at_level(logging.WARNING):
        articles = read_articles(tmp_path)

    assert [article.name for article in articles] == ["good.txt"]
    assert [record.getMessage() for record in caplog.records] == [
        "left out: book.epubx is a damaged Word document or ZIP archive; save it anew or copy it again",
        "left out: empty.txt is empty; give a file with at least one sentence",
        f"left out: {tmp_path}/huge.txt has 20,000,001 bytes; the limit is 20,000,000: split it",
        "left out: scan is an image; run text recognition (OCR) and give its result",
        "left out: two\ufffdlines.txt is binary (it holds NUL bytes); give a text, Markdown, HTML, PDF or Word file",
    ]


def test_a_folder_of_which_nothing_can_be_read_is_an_error_that_names_the_first(tmp_path: Path) -> None:
    (tmp_path / "b.txt").write_bytes(b"")
    with pytest.raises(ReadError, match=r"^b\.txt is empty; give a file with at least one sentence$"):
        read_articles(tmp_path)

    (tmp_path / "a.txt").write_bytes(b"\0")
    with pytest.raises(ReadError, match=r"^none of the 2 files can be read as an article; the first: a\.txt is binary"):
        read_articles(tmp_path)


def test_a_folder_without_articles_says_what_to_put_there(tmp_path: Path) -> None:
    fill(tmp_path, "style.css")

    with pytest.raises(ReadError) as caught:
        find_sources(tmp_path)

    assert str(caught.value) == f"{tmp_path} holds no article; put a text, Markdown, HTML, PDF or Word file there"


def test_what_is_no_file_is_left_out_and_a_name_that_is_no_text_is_shown_as_far_as_it_is(tmp_path: Path) -> None:
    fill(tmp_path, "a.txt")
    os.mkfifo(tmp_path / "pipe.txt")
    (Path(os.fsdecode(bytes(tmp_path) + b"/b\xe4.txt"))).write_text("Bees dance.", encoding="utf-8")

    assert names(tmp_path) == ["a.txt", "b\ufffd.txt"]


def test_names_that_differ_in_what_cannot_be_shown_stay_different(tmp_path: Path) -> None:
    fill(tmp_path, "a\x01.txt", "a\x02.txt")

    assert names(tmp_path) == ["a\ufffd.txt", "a\ufffd.txt\ufffd"]


def test_a_folder_of_more_files_than_the_limit_is_refused_at_once(tmp_path: Path) -> None:
    fill(tmp_path, "1", "2", "3")

    with pytest.raises(ReadError) as caught:
        find_sources(tmp_path, max_files=2)

    assert str(caught.value) == f"{tmp_path} holds more files than the limit, 2; give a smaller folder"
    assert sources.MAX_FILES == 100_000


def test_sources_that_are_no_files_are_read_alike() -> None:
    page = Source("bees.example/dance", data=b"Bees dance.", url="https://bees.example/dance")

    (article,) = read_sources([page])

    assert (article.name, article.url, article.text) == (page.name, page.url, "Bees dance.")
