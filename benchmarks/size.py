"""From a thousand passages to a million: what each cost grows with, and where one machine ends.

A million passages would take half a day to encode; so they are put together from the sentences of real
articles, with those sentences' real token vectors, and the pooled vector gets a little noise. Beyond 50,000, blocks
of them come again, with other noise. Time, memory and file sizes are as with real ones; what it says of quality is
only whether the approximate search finds what the exact one does.

Run: python -m benchmarks.size [--sizes 1000 10000 100000 1000000] [--folder DIR]
"""

import argparse
import json
import resource
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Mapping, Sequence
from functools import cached_property
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from benchmarks.data import article, questions
from benchmarks.record import RESULTS, Record, Target, figure, percentile
from benchmarks.wrapped import WrappedEncoder
from qa import Engine
from qa.article import Article, Passage, Section, Span
from qa.encoder import Encoder, Encoding, Role, load_encoder
from qa.index import Index, Vectors
from qa.index.build import BLOCK, Block, build
from qa.index.files import read_saved, write_index
from qa.index.shelf import FolderShelf
from qa.retrieval import FIRST_STAGE, Query, search_sentences

PER_ARTICLE = 100
PER_PASSAGE = 4  # sentences
REAL_PASSAGES = 300  # whose sentences are mixed
NOISE = 0.2  # length of what is added to the pooled unit vector: cosine .98 to the mixture's own
DISTINCT_BLOCKS = 50  # of 1,024 passages
QUESTIONS = 200
SHORTEST = 20  # characters of a sentence; what is shorter is mostly a heading's rest
JUDGED = 100  # questions whose ten nearest passages are looked up exactly as well
LATENCY = Target(most=60.0)
MEMORY = Target(most=3.0)
RECALL = Target(least=0.99)
REST_MS = Target(most=2.0)  # at 100,000 passages
ARCHIVE = range(50_000, 200_000)


class MixingEncoder(WrappedEncoder):
    """Encodes passages that were mixed of known sentences by looking those up; questions for real."""

    def __init__(self, encoder: Encoder) -> None:
        super().__init__(encoder)
        self.fingerprint = f"mixed {encoder.fingerprint}"  # so that nothing mixed is taken for real
        self.max_tokens = 2**20  # no passage is read in pieces

    def encode(self, texts: Sequence[str], role: Role = Role.PASSAGE) -> list[Encoding]:
        """Encode questions for real; a passage's first word is its number."""
        if role is Role.QUERY:
            return super().encode(texts, role)
        return [self._mixed(int(text.partition(" ")[0])) for text in texts]

    @cached_property
    def sentences(self) -> list[tuple[str, Encoding]]:
        """Return the sentences of real passages, each as its passage's pass encodes it."""
        real = article(REAL_PASSAGES)
        encodings = self.encoder.encode([real.quote(passage.span) for passage in real.passages])
        found = []
        for passage, encoding in zip(real.passages, encodings, strict=True):
            offsets = encoding.offsets + passage.span.start
            for span in passage.sentences:
                inside = (offsets[:, 0] >= span.start) & (offsets[:, 1] <= span.end)
                if inside.any():
                    part = Encoding(
                        encoding.ids[inside], offsets[inside] - span.start, encoding.tokens[inside], encoding.pooled
                    )
                    found.append((" ".join(real.quote(span).split()), part))
        return [each for each in found if len(each[0]) >= SHORTEST]

    def passage(self, number: int) -> list[int]:
        """Return which sentences the passage of this number is made of."""
        return [int(row) for row in np.random.default_rng(number).integers(len(self.sentences), size=PER_PASSAGE)]

    def articles(self, passages: int) -> list[Article]:
        """Return articles of so many passages in all."""
        return [
            self._article(range(first, min(first + PER_ARTICLE, passages))) for first in range(0, passages, PER_ARTICLE)
        ]

    def _article(self, numbers: range) -> Article:
        pieces, passages, position = [], [], 0
        for number in numbers:
            words = [self.sentences[row][0] for row in self.passage(number)]
            words[0] = f"{number} {words[0]}"
            edges = np.cumsum([position, *(len(each) + 1 for each in words)]).tolist()
            spans = tuple(Span(start, end - 1) for start, end in pairwise(edges))
            passages.append(Passage(Span(position, edges[-1] - 1), 0, spans))
            pieces.append(" ".join(words))
            position = edges[-1] + 1
        text = "\n\n".join(pieces)
        section = Section("", 0, Span(0, 0), Span(0, len(text)))
        return Article(f"{numbers.start:07}.txt", f"Article {numbers.start}", text, (section,), tuple(passages), ())

    def _mixed(self, number: int) -> Encoding:
        parts = [self.sentences[row] for row in self.passage(number)]
        lengths = [len(text) + 1 for text, _ in parts]
        shifts = np.cumsum([len(f"{number} "), *lengths[:-1]])
        vectors = np.concatenate([encoding.tokens for _, encoding in parts])
        chance = np.random.default_rng(number + 1).standard_normal(self.dimension, np.float32)
        pooled = _unit(_unit(vectors.mean(axis=0)) + NOISE * _unit(chance))
        offsets = np.concatenate([each.offsets + shift for (_, each), shift in zip(parts, shifts, strict=True)])
        return Encoding(np.concatenate([each.ids for _, each in parts]), offsets.astype(np.int32), vectors, pooled)


def _unit(vector: NDArray[np.float32]) -> NDArray[np.float32]:
    return np.asarray(vector / np.linalg.norm(vector, axis=-1, keepdims=True), np.float32)


class Shaken(Mapping[str, NDArray[Any]]):
    """A block with other pooled vectors; the rest is read when it is asked for."""

    def __init__(self, block: Block, vectors: NDArray[np.float16]) -> None:
        self._block, self._vectors = block, vectors

    def __getitem__(self, name: str) -> NDArray[Any]:
        return self._vectors if name == "vectors" else self._block[name]

    def __iter__(self) -> Iterator[str]:
        return iter(self._block)

    def __len__(self) -> int:
        return len(self._block)


class RepeatingShelf(FolderShelf):
    """Keeps the first blocks; further ones are those again, their pooled vectors shaken."""

    def __init__(self, folder: Path) -> None:
        super().__init__(folder, "size")
        self._kept: list[Block] = []
        self._given = 0

    def get(self, name: str) -> Block | None:
        """Return a block again, once there are enough."""
        if name == "basis" or len(self._kept) < DISTINCT_BLOCKS:
            return None
        self._given += 1
        block = self._kept[self._given % DISTINCT_BLOCKS]
        vectors = block["vectors"].astype(np.float32)
        shaken = vectors + NOISE * _unit(np.random.default_rng(self._given).standard_normal(vectors.shape, np.float32))
        return Shaken(block, _unit(shaken).astype(np.float16))

    def put(self, name: str, block: Block) -> Block:
        """Keep a block."""
        kept = super().put(name, block)
        if name != "basis":
            self._kept.append(kept)
        return kept


def make(passages: int, place: Path) -> dict[str, float]:
    """Build and write an index of so many passages; return what it cost."""
    encoder = MixingEncoder(load_encoder())
    articles = encoder.articles(passages)
    place.mkdir(parents=True, exist_ok=True)
    shelf = RepeatingShelf(place / "blocks")
    start = time.perf_counter()
    columns = build(articles, encoder, "int8", shelf=shelf)
    built = time.perf_counter()
    vectors = Vectors.of(columns["passage_vectors"])
    indexed = time.perf_counter()
    write_index(place / "index", columns, vectors, {"size": passages}, [])
    shutil.rmtree(place / "blocks", ignore_errors=True)
    return {
        "build": built - start,
        "nearest": indexed - built,
        "write": time.perf_counter() - indexed,
        "peak GiB": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 2**20,
    }


def ask(passages: int, place: Path) -> dict[str, Any]:
    """Open the index in a fresh process and ask it; return times in ms, memory and how much is found."""
    encoder = MixingEncoder(load_encoder())
    start = time.perf_counter()
    saved = read_saved(place / "index", {"size": passages})
    assert saved is not None
    engine = Engine(saved.index(), encoder)
    opened = time.perf_counter() - start
    asked = questions(QUESTIONS)
    for question in asked[:20]:
        engine.ask(question)
    whole, encoding, searching = [], [], []
    for question in asked:
        begin = time.perf_counter()
        engine.ask(question)
        whole.append(time.perf_counter() - begin)
    for question in asked:
        begin = time.perf_counter()
        query = engine.query(question)
        middle = time.perf_counter()
        search_sentences(engine.index, query)
        encoding.append(middle - begin)
        searching.append(time.perf_counter() - middle)
    memory = _memory()
    return {
        "open s": opened,
        "question ms": [1000 * each for each in whole],
        "encode ms": statistics.median(encoding) * 1000,
        "search ms": statistics.median(searching) * 1000,
        "memory GiB": memory,
        "recall@10": _recall(engine.index, [engine.query(each) for each in asked[:JUDGED]]),
        "files": {path.name: path.stat().st_size for path in sorted((place / "index").iterdir())},
    }


def _recall(index: Index, queries: Sequence[Query]) -> float:
    """Return the mean share of the ten nearest passages that the search finds, by vectors as they are stored."""
    pooled = np.stack([query.encoding.pooled for query in queries])
    block = 50_000
    best = np.zeros((len(queries), 0), np.float32)
    rows = np.zeros((len(queries), 0), np.int64)
    for first in range(0, len(index.passages), block):
        part = pooled @ np.asarray(index.columns["passage_vectors"][first : first + block], np.float32).T
        best = np.concatenate([best, part], axis=1)
        rows = np.concatenate([rows, np.broadcast_to(np.arange(first, first + part.shape[1]), part.shape)], axis=1)
        order = np.argsort(-best, axis=1)[:, :10]
        best, rows = np.take_along_axis(best, order, axis=1), np.take_along_axis(rows, order, axis=1)
    found = [index.passage_vectors.search(vector, FIRST_STAGE)[0][:10] for vector in pooled]
    return float(np.mean([len(set(a) & set(b)) / len(b) for a, b in zip(found, rows, strict=True)]))


def _memory() -> dict[str, float]:
    """Return this process's resident memory in GiB: all of it, and what of it is not merely mapped from files."""
    lines = Path("/proc/self/status").read_text().splitlines()
    values = {
        name: float(value.split()[0])
        for name, _, value in (line.partition(":") for line in lines)
        if "Rss" in name or "VmRSS" in name
    }
    return {"resident": values["VmRSS"] / 2**20, "own": values["RssAnon"] / 2**20}


def _child(step: str, passages: int, place: Path) -> dict[str, Any]:
    """Run one step in a process of its own, so that memory is its alone."""
    command = [
        sys.executable,
        "-m",
        "benchmarks.size",
        "--step",
        step,
        "--sizes",
        str(passages),
        "--folder",
        str(place),
    ]
    done = subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True)
    result: dict[str, Any] = json.loads(done.stdout.splitlines()[-1])
    return result


def main() -> None:
    """Measure all sizes, one after the other."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--sizes", type=int, nargs="+", default=[1_000, 10_000, 100_000, 1_000_000])
    parser.add_argument("--folder", type=Path, help="where the indexes are made; removed afterwards")
    parser.add_argument("--name", default="size", help="of the files with the results")
    parser.add_argument("--step", choices=["make", "ask"], help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.step:
        step = {"make": make, "ask": ask}[options.step]
        sys.stdout.write(json.dumps(step(options.sizes[0], options.folder)) + "\n")
        return
    record = Record(options.name, "How does each cost grow with the number of passages?")
    costs: dict[int, dict[str, float]] = {}
    with tempfile.TemporaryDirectory(dir=options.folder) as folder:
        for asked_for in options.sizes:
            whole = asked_for // BLOCK * BLOCK  # since blocks that come again are whole
            passages = whole if whole > DISTINCT_BLOCKS * BLOCK else asked_for
            place = Path(folder) / str(passages)
            made, asked = _child("make", passages, place), _child("ask", passages, place)
            shutil.rmtree(place)
            costs[passages] = _report(record, passages, made, asked)
            sys.stderr.write(f"{record.markdown()}\n")
    record.details = {str(passages): cost for passages, cost in costs.items()}
    record.save()
    _plot(costs, options.name)


def _report(record: Record, passages: int, made: dict[str, Any], asked: dict[str, Any]) -> dict[str, float]:
    size = f"{passages:,} passages"
    times, memory, files = asked["question ms"], asked["memory GiB"], asked["files"]
    record.add(f"{size}: a question", times, "ms", target=LATENCY, note=f"p95 {percentile(times, 0.95):.1f} ms")
    record.add(f"{size}: its encoding", asked["encode ms"], "ms")
    record.add(f"{size}: its search", asked["search ms"], "ms", baseline=f"{size}: its encoding")
    rest = statistics.median(times) - asked["encode ms"]
    record.add(f"{size}: everything else", rest, "ms", target=REST_MS if passages in ARCHIVE else None)
    record.add(f"{size}: memory", memory["resident"], "GiB", target=MEMORY, note=f"{memory['own']:.2f} without files")
    record.add(f"{size}: recall@10", asked["recall@10"], "", target=RECALL)
    tokens = files.get("passage_tokens.npy", 0)
    total = sum(files.values())
    record.add(f"{size}: files", total / 2**30, "GiB", note=f"{tokens / 2**30:.2f} of it token vectors")
    record.add(f"{size}: opening", asked["open s"], "s", note="every byte is checked")
    record.add(f"{size}: building", made["build"] + made["nearest"] + made["write"], "s", note="beside the encoder")
    return {
        "question (ms)": statistics.median(times),
        "search (ms)": asked["search ms"],
        "memory (MiB)": memory["resident"] * 1024,
        "files (MiB)": total / 2**20,
        "opening (ms)": asked["open s"] * 1000,
        "building beside the encoder (s)": made["build"] + made["nearest"] + made["write"],
        "building's peak memory (MiB)": made["peak GiB"] * 1024,
    }


def _plot(costs: dict[int, dict[str, float]], file: str) -> None:
    """Draw each cost against the number of passages, both logarithmic."""
    with figure(RESULTS / f"{file}.png", "How does each cost grow with the number of passages?", 6) as axes:
        for name in next(iter(costs.values())):
            axes.loglog(list(costs), [cost[name] for cost in costs.values()], marker="o", label=name)
        axes.set_xlabel("passages")
        axes.grid(alpha=0.3)
        axes.legend(fontsize=8)


if __name__ == "__main__":
    main()
