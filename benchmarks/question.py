"""One question: how much of the time is the model's forward pass, and how much is everything else.

Run: python -m benchmarks.question [--passages 50,200,2000] [--rounds 200]
"""

import argparse
import statistics
import time
from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from benchmarks.bare import BareModel, folder
from benchmarks.data import article, questions
from benchmarks.record import Record, Target, figure, interleaved
from qa import Engine, Settings, corpus_path
from qa.encoder import load_encoder
from qa.encoder.onnx import OnnxEncoder
from qa.retrieval import search_faqs, search_sentences

if TYPE_CHECKING:
    import onnxruntime

SHARE = Target(most=0.25)  # of one forward pass, for an article
LARGEST_ARTICLE = 200  # passages
BLOCK = 25  # questions, then as many passes in float32, so that neither meets the other's caches
FLOAT32 = Settings(precision="float32")


class Watch:
    """Stands for a session, and keeps how long its passes took."""

    def __init__(self, session: "onnxruntime.InferenceSession") -> None:
        self._session = session
        self.seconds = 0.0

    def run(self, outputs: list[str], feeds: dict[str, NDArray[np.int64]]) -> list[NDArray[np.float32]]:
        """Run one pass."""
        start = time.perf_counter()
        found: list[NDArray[np.float32]] = self._session.run(outputs, feeds)
        self.seconds += time.perf_counter() - start
        return found


def main() -> None:
    """Measure each size and write the record."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--passages", default="50,200,2000")
    parser.add_argument("--rounds", type=int, default=200)
    chosen = parser.parse_args()
    record = Record("question", "One question: what does everything but the model's forward pass cost?")
    encoder = OnnxEncoder(folder())
    watch = encoder._session = Watch(encoder._session)
    load_encoder(FLOAT32)
    float32 = BareModel(source=folder(FLOAT32))
    asked = questions(chosen.rounds)
    engines = {"bundled article": Engine.from_path(corpus_path(), encoder=encoder)}
    for size in map(int, filter(None, chosen.passages.split(","))):
        engines[f"{size:,} passages"] = Engine.from_articles([article(size)], encoder=encoder)
    for name, engine in engines.items():
        _measure(record, name, engine, asked, watch, float32)
    record.details["parts, ms"] = {name: _parts(engine, asked) for name, engine in engines.items()}
    record.save()
    _plot(record, list(engines))


def _measure(record: Record, name: str, engine: Engine, asked: Sequence[str], watch: Watch, float32: BareModel) -> None:
    """Add the whole question, its forward passes, and the rest: of each question, the whole less its own passes."""
    passes, wholes, exact = [], [], []
    engine.ask(asked[0])
    for first in range(0, len(asked), BLOCK):
        block = asked[first : first + BLOCK]
        for text in block:
            watch.seconds = 0.0
            start = time.perf_counter()
            engine.ask(text)
            wholes.append(1000 * (time.perf_counter() - start))
            passes.append(1000 * watch.seconds)
        for feeds in [float32.feeds([text]) for text in block]:
            start = time.perf_counter()
            float32.run(feeds)
            exact.append(1000 * (time.perf_counter() - start))
    rests = [whole - own for whole, own in zip(wholes, passes, strict=True)]
    base = f"{name}: forward pass"
    record.add(base, passes, "ms")
    record.add(f"{name}: whole", wholes, "ms", baseline=base)
    target = SHARE if len(engine.index.passages) <= LARGEST_ARTICLE else None
    record.add(f"{name}: everything else", rests, "ms", baseline=base, target=target)
    base = f"{name}: forward pass in float32"
    record.add(base, exact, "ms")
    record.add(f"{name}: everything else, by float32's pass", rests, "ms", baseline=base)


def _parts(engine: Engine, asked: list[str]) -> dict[str, float]:
    """Return the median milliseconds of the parts that one question is made of."""
    made = [engine.query(text) for text in asked]
    seconds = interleaved(
        {
            "spans": lambda k: engine.encoder.spans([asked[k]]),
            "query (encode, terms, spelling)": lambda k: engine.query(asked[k]),
            "search sentences": lambda k: search_sentences(engine.index, made[k]),
            "search FAQ": lambda k: search_faqs(engine.index, made[k]),
        },
        len(asked),
    )
    return {name: round(1000 * statistics.median(values), 4) for name, values in seconds.items()}


def _plot(record: Record, names: list[str]) -> None:
    """Draw the forward pass and everything else, one on the other."""
    from benchmarks.record import INK, PALE, RESULTS

    passes = [record.value(f"{name}: forward pass") or 0.0 for name in names]
    rest = [record.value(f"{name}: everything else") or 0.0 for name in names]
    with figure(RESULTS / "question.png", record.question, 1.5 + 0.4 * len(names)) as axes:
        axes.barh(names, passes, color=PALE, label="forward pass")
        axes.barh(names, rest, left=passes, color=INK, label="everything else")
        for place, (left, more) in enumerate(zip(passes, rest, strict=True)):
            axes.text(left + more, place, f" {more:.2f} ms, {more / left:.0%}", va="center", fontsize=8)
        axes.invert_yaxis()
        axes.margins(x=0.2)
        axes.set_xlabel("milliseconds, median")
        axes.legend(fontsize=8)


if __name__ == "__main__":
    main()
