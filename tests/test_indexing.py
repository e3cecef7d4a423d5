"""``qa index`` prepares what ``qa ask`` and ``qa chat`` then read, and follows changes if asked to."""

import os
import queue
import signal
import subprocess
import sys
import threading
from pathlib import Path

import pytest

from qa.cli import main


def run(capsys: pytest.CaptureFixture[str], *arguments: str) -> str:
    main(arguments)
    return capsys.readouterr().out


def test_indexing_tells_what_was_indexed_and_where_it_is_kept(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "bees.md").write_text("# Bees\n\nBees dance.\n\nHoney is sweet.\n", encoding="utf-8")
    folder = tmp_path / "kept"

    printed = run(capsys, "index", str(tmp_path / "bees.md"), "--index", str(folder))

    assert printed == f"Indexed 1 article: 2 passages, 0 FAQ questions; kept in {folder}\n"
    assert len(list(folder.glob("*/*/manifest.json"))) == 1


def test_where_nothing_can_be_kept_it_says_so(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "bees.md").write_text("# Bees\n\nBees dance.\n", encoding="utf-8")

    printed = run(capsys, "index", str(tmp_path / "bees.md"), "--index", str(tmp_path / "bees.md" / "kept"))

    assert printed == "Indexed 1 article: 1 passage, 0 FAQ questions; kept nowhere\n"


def test_asking_reads_the_same_index(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    article = tmp_path / "bees.md"
    article.write_text("# Bees\n\nBees dance to tell where food is.\n", encoding="utf-8")
    folder = tmp_path / "kept"
    run(capsys, "index", str(article), "--index", str(folder))
    [manifest] = folder.glob("*/*/manifest.json")
    written = manifest.stat().st_mtime_ns

    assert "Bees dance to tell where food is." in run(
        capsys, "ask", "Why do bees dance?", "--article", str(article), "--index", str(folder)
    )
    assert manifest.stat().st_mtime_ns == written


def test_an_address_cannot_be_watched(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as stop:
        main(["index", "https://example.org/", "--watch", "--index", str(tmp_path)])

    assert stop.value.code == 2
    assert "an address, which cannot be watched" in capsys.readouterr().err


def test_watching_follows_changes_outlives_unreadable_files_and_ends_quietly(tmp_path: Path) -> None:
    corpus = tmp_path / "corpus"
    corpus.mkdir()
    (corpus / "bees.md").write_text("# Bees\n\nBees dance.\n", encoding="utf-8")
    command = [sys.executable, "-m", "qa", "index", str(corpus), "--watch", "--index", str(tmp_path / "kept")]
    lines: queue.Queue[str] = queue.Queue()

    def until(part: str) -> bool:
        while part not in (line := lines.get(timeout=60)):
            pass
        return part in line

    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True) as process:
        threading.Thread(target=lambda: [*map(lines.put, process.stdout or ())], daemon=True).start()
        assert until("1 article: 1 passage,")
        assert until("Watching")
        (corpus / "bees.md").write_text("# Bees\n\nBees dance.\n\nHoney is sweet.\n", encoding="utf-8")
        assert until("1 article: 2 passages")
        (corpus / "broken.md").write_bytes(b"\0\0\0\0")
        assert until("left out")
        (corpus / "moths.md").write_text("# Moths\n\nMoths fly.\n", encoding="utf-8")
        assert until("2 articles: 3 passages")
        os.kill(process.pid, signal.SIGINT)
        assert process.wait(timeout=30) == 0
