"""How long a start takes, and what is loaded: ``qa ask``, ``qa chat``, and a chat over much that is not ready yet.

Run: python -m benchmarks.start [--rounds 5] [--passages 1000]
"""

import argparse
import contextlib
import http.client
import os
import re
import subprocess
import sys
import tempfile
import time
from collections import defaultdict
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import urlsplit

from benchmarks.data import article
from benchmarks.record import ROOT, Record, Target, interleaved
from qa import Engine, corpus_path
from qa.encoder import load_encoder
from qa.settings import CACHE_VARIABLE, Settings

QUESTION = "How much did it cost to train R1?"
# What an answer cannot do without: interpreter, numpy, the model's file, one pass, and the libraries of the search.
FLOOR = """
import numpy, faiss, bm25s, Stemmer
from benchmarks.bare import BareModel
model = BareModel()
model.run(model.feeds(["How much did it cost to train R1?"]))
"""
PAGE_FLOOR = "import gradio, fastapi, uvicorn"
UNNEEDED = ("torch", "transformers", "sentence_transformers", "sklearn", "matplotlib", "pandas", "ir_measures")
SHOWN = 12  # packages in the break-down
PATIENCE = 600.0


def main() -> None:
    """Measure the starts and write the record."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--passages", type=int, default=1000, help="of the large corpus")
    chosen = parser.parse_args()
    record = Record("start", "Starting: what does a first answer, or a page, take?")
    Engine.from_path(corpus_path(), encoder=load_encoder())  # the model is exported, the bundled article known
    ask = ["-m", "qa", "ask", QUESTION]
    seconds = interleaved(
        {
            "floor": lambda _: _python("-c", FLOOR),
            "ask": lambda _: _python(*ask),
            "nothing": lambda _: _python("-c", "0"),
        },
        chosen.rounds,
    )
    record.add("python that does nothing", seconds["nothing"], "s")
    record.add("libraries, model and one forward pass", seconds["floor"], "s")
    record.add("qa ask", seconds["ask"], "s", baseline="libraries, model and one forward pass", target=Target(most=1.5))
    chats = [_chat(str(corpus_path())) for _ in range(chosen.rounds)]
    record.add("import gradio, fastapi, uvicorn", [_python("-c", PAGE_FLOOR) for _ in range(chosen.rounds)], "s")
    base = "import gradio, fastapi, uvicorn"
    record.add("qa chat: the page is up", [page for page, _, _ in chats], "s", baseline=base, target=Target(most=1.5))
    record.add("qa chat: questions are answered", [ready for _, ready, _ in chats], "s", baseline=base)
    with tempfile.TemporaryDirectory() as folder:
        large = _large(Path(folder), chosen.passages)
        page, ready, said = _chat(str(large), Path(folder) / "cache")
    place = f"qa chat, {chosen.passages:,} new passages"
    record.add(f"{place}: the page is up", page, "s", baseline=base, target=Target(most=1.5))
    record.add(
        f"{place}: questions are answered", ready, "s", baseline=base,
        note="the page said so meanwhile" if said else "**the page did not say that it was not ready**",
    )  # fmt: skip
    for command, arguments in {"qa ask": ask, "the page's server": ["-c", "import qa.web.server, qa.web.page"]}.items():
        packages = import_seconds(*arguments)
        for name, each in list(packages.items())[:SHOWN]:
            record.details.setdefault(f"{command}: own seconds of imports", {})[name] = round(each, 3)
        found = [name for name in UNNEEDED if name in packages]
        record.details[f"{command}: loaded without need"] = found
        if found:
            record.absent(f"{command} loads {', '.join(found)}", "which no answer needs")
    record.save()


def import_seconds(*arguments: str) -> dict[str, float]:
    """Return the seconds that each top-level package's own modules took to import, by ``-X importtime``."""
    done = subprocess.run(
        [sys.executable, "-X", "importtime", *arguments], cwd=ROOT, capture_output=True, text=True, check=True
    )
    seconds: dict[str, float] = defaultdict(float)
    for own, module in re.findall(r"^import time:\s+(\d+) \|\s+\d+ \|\s+(\S+)$", done.stderr, re.MULTILINE):
        seconds[module.split(".")[0]] += int(own) / 1e6
    return dict(sorted(seconds.items(), key=lambda item: -item[1]))


def _python(*arguments: str) -> float:
    """Run Python to its end and return the seconds that took."""
    start = time.perf_counter()
    subprocess.run([sys.executable, *arguments], cwd=ROOT, check=True, stdout=subprocess.DEVNULL)
    return time.perf_counter() - start


def _large(folder: Path, passages: int) -> Path:
    """Write a file of so many passages."""
    text = article(passages)
    path = folder / "large.txt"
    path.write_text("\n\n".join(text.quote(passage.span) for passage in text.passages), "utf-8")
    return path


def _chat(path: str, cache: Path | None = None) -> tuple[float, float, bool]:
    """Start ``qa chat``; return the seconds until page and answers, and whether it said that it was not ready.

    Args:
        path: the article.
        cache: an empty cache, but for the exported model, so that nothing of the article is known.
    """
    environment = dict(os.environ)
    if cache is not None:
        cache.mkdir()
        (cache / "encoders").symlink_to(Settings().cache_path.resolve() / "encoders")
        environment[CACHE_VARIABLE] = str(cache)
    start = time.perf_counter()
    command = [sys.executable, "-m", "qa", "chat", path, "--port", "0", "--no-log"]
    with _running(command, environment) as process:
        assert process.stdout is not None
        found = re.search(r"http://\S+", process.stdout.readline())
        if found is None:
            raise RuntimeError("qa chat did not tell its address")
        address = urlsplit(found.group()).netloc
        status, _ = get(address, "/")
        page = time.perf_counter() - start
        before, told = get(address, "/healthz")
        while get(address, "/healthz")[0] != 200:
            if time.perf_counter() - start > PATIENCE:
                raise RuntimeError(f"qa chat over {path} was not ready in {PATIENCE:.0f} s")
            time.sleep(0.01)
        return page, time.perf_counter() - start, status == 200 and before == 503 and "loading" in told


@contextlib.contextmanager
def _running(command: list[str], environment: dict[str, str]) -> Iterator["subprocess.Popen[str]"]:
    with subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, text=True, env=environment) as process:
        try:
            yield process
        finally:
            process.terminate()


def get(address: str, path: str) -> tuple[int, str]:
    """Return status and text of one request."""
    connection = http.client.HTTPConnection(address, timeout=30)
    try:
        connection.request("GET", path)
        response = connection.getresponse()
        return response.status, response.read().decode()
    finally:
        connection.close()


if __name__ == "__main__":
    main()
