"""One question: how much of the time is the model's forward pass, and how much is everything else.

Run: python -m benchmarks.question [--passages 50,200,2000] [--rounds 200]
"""

import argparse
import statistics
from collections.abc import Callable, Sequence
from functools import partial

from benchmarks.bare import BareModel
from benchmarks.data import article, questions
from benchmarks.record import Record, Target, figure, interleaved
from qa import Engine, corpus_path
from qa.encoder import Role, load_encoder
from qa.retrieval import search_faqs, search_sentences

SHARE = Target(most=0.25)  # of one forward pass, for an article
LARGEST_ARTICLE = 200  # passages


def main() -> None:
    """Measure each size and write the record."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--passages", default="50,200,2000")
    parser.add_argument("--rounds", type=int, default=200)
    chosen = parser.parse_args()
    record = Record("question", "One question: what does everything but the model's forward pass cost?")
    encoder = load_encoder()
    model = BareModel()
    asked = questions(chosen.rounds)
    feeds = [model.feeds([text]) for text in asked]
    engines = {"bundled article": Engine.from_path(corpus_path(), encoder=encoder)}
    for size in map(int, filter(None, chosen.passages.split(","))):
        engines[f"{size:,} passages"] = Engine.from_articles([article(size)], encoder=encoder)
    for name, engine in engines.items():
        actions: dict[str, Callable[[int], object]] = {
            "forward pass": lambda k: model.run(feeds[k]),
            "encode": lambda k: encoder.encode([asked[k]], Role.QUERY),
            "whole": partial(_ask, engine, asked),
        }
        _measure(record, name, len(engine.index.passages), interleaved(actions, chosen.rounds))
    record.details["parts, ms"] = {name: _parts(engine, asked) for name, engine in engines.items()}
    record.save()
    _plot(record, list(engines))


def _ask(engine: Engine, asked: Sequence[str], number: int) -> None:
    engine.ask(asked[number])


def _measure(record: Record, name: str, size: int, seconds: dict[str, list[float]]) -> None:
    """Add forward pass, encode call, whole question, and the rest: the whole less its forward pass."""
    for action, values in seconds.items():
        base = "" if action == "forward pass" else f"{name}: forward pass"
        record.add(f"{name}: {action}", [1000 * each for each in values], "ms", baseline=base)
    # The difference of medians: a round's own difference has the noise of two.
    rest = 1000 * (statistics.median(seconds["whole"]) - statistics.median(seconds["forward pass"]))
    record.add(
        f"{name}: everything else", rest, "ms", baseline=f"{name}: forward pass",
        target=SHARE if size <= LARGEST_ARTICLE else None,
    )  # fmt: skip


def _parts(engine: Engine, asked: list[str]) -> dict[str, float]:
    """Return the median milliseconds of the parts that one question is made of."""
    made = [engine.query(text) for text in asked]
    seconds = interleaved(
        {
            "spans": lambda k: engine.encoder.spans(asked[k]),
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
