"""The encoder yields what sentence-transformers yields, without loading it."""

import subprocess
import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from resource import RUSAGE_CHILDREN, getrusage
from statistics import median
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray
from sentence_transformers import SentenceTransformer
from tiny import MAX_TOKENS, Tiny, build_model

from qa import Engine, Settings
from qa.encoder import Encoder, Encoding, Role, load_encoder
from qa.encoder.export import MOST_LOST, export_folder
from qa.encoder.weights import locate
from qa.readers import parse_article
from qa.settings import DEFAULT_MODEL, Precision

TEXTS = (
    "How much did it cost to train R1?",
    "x",
    "DeepSeek’s naïve café 🐝 costs US$5.6 million.",
    "",
    "One long passage, which is read up to the model's limit and cut off there. " * 40,
    "Two words",
)

TOLERANCE = 1e-4

PRECISIONS: tuple[Precision, ...] = ("int8", "float32")


def reference_vectors(model: SentenceTransformer, texts: Sequence[str], role: Role) -> NDArray[np.float32]:
    encode: Callable[..., Any] = model.encode_query if role is Role.QUERY else model.encode_document
    vectors: NDArray[np.float32] = encode(list(texts), normalize_embeddings=True, show_progress_bar=False)
    return vectors


def pooled(encodings: Sequence[Encoding]) -> NDArray[np.float32]:
    return np.stack([encoding.pooled for encoding in encodings])


def words(text: str, encoding: Encoding) -> list[str]:
    return [text[start:end] for start, end in encoding.offsets]


def check_against(encoder: Encoder, model: SentenceTransformer) -> None:
    """Hold that vectors agree with sentence-transformers', in both roles, alone and in a batch."""
    for role in Role:
        expected = reference_vectors(model, TEXTS, role)
        assert np.abs(pooled(encoder.encode(TEXTS, role)) - expected).max() <= TOLERANCE
        for text, vector in zip(TEXTS, expected, strict=True):
            assert np.abs(encoder.encode([text], role)[0].pooled - vector).max() <= TOLERANCE


def test_vectors_of_the_default_model_are_those_of_sentence_transformers(exact: Encoder) -> None:
    encoder = exact
    model = SentenceTransformer(locate(DEFAULT_MODEL), device="cpu")

    check_against(encoder, model)
    assert encoder.dimension == 384
    assert encoder.max_tokens == 256
    outputs: Any = model.encode([TEXTS[0]], output_value="token_embeddings")
    expected = outputs[0].numpy()[1:-1]
    expected /= np.linalg.norm(expected, axis=1, keepdims=True)
    assert np.abs(encoder.encode([TEXTS[0]])[0].tokens - expected).max() <= TOLERANCE


def test_int8_vectors_of_the_default_model_are_nearly_those_of_float32(encoder: Encoder, exact: Encoder) -> None:
    texts = [text for text in TEXTS if text]

    pairs = list(zip(encoder.encode(texts), exact.encode(texts), strict=True))

    assert all(small.ids.tolist() == large.ids.tolist() for small, large in pairs)
    cosines = [float(small.pooled @ large.pooled) for small, large in pairs]
    assert np.mean(cosines) >= 1 - MOST_LOST
    assert min(cosines) >= 0.997  # a lone letter, whose vector is short before it is made one of unit length
    for small, large in pairs:
        assert float((small.tokens * large.tokens).sum(axis=1).mean()) >= 1 - MOST_LOST
    assert encoder.fingerprint != exact.fingerprint
    sizes = [(export_folder(Settings(precision=each)) / "model.onnx").stat().st_size for each in PRECISIONS]
    assert sizes[0] < sizes[1] * 0.3


def test_int8_vectors_do_not_depend_on_what_else_is_in_the_batch(encoder: Encoder) -> None:
    loud = "!" * 300 + " ZZZZ 8888 " * 40
    alone = [encoder.encode([text])[0] for text in TEXTS[:3]]

    together = encoder.encode([*TEXTS[:3], loud])

    for one, other in zip(alone, together, strict=False):
        assert float(one.pooled @ other.pooled) == pytest.approx(1, abs=1e-5)
        assert (one.tokens * other.tokens).sum(axis=1) == pytest.approx(1, abs=1e-5)


def test_texts_of_many_batches_come_back_in_their_order(encoder: Encoder) -> None:
    texts = [f"Number {number} " + "of many " * (number % 7) for number in range(150)]
    alone = [encoder.encode([text])[0] for text in texts]

    for one, other in zip(alone, encoder.encode(texts), strict=True):
        assert one.ids.tolist() == other.ids.tolist()
        assert one.offsets.tolist() == other.offsets.tolist()
        assert float(one.pooled @ other.pooled) == pytest.approx(1, abs=1e-5)


def test_a_model_that_int8_would_change_too_much_stays_float32(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    model = build_model(tmp_path, "cls", {"query": "", "document": ""})
    # Activations of 100 give or take 1, of which only the last counts: a float32 holds both, an int8 does not.
    bert: Any = model[0].model
    bert.embeddings.LayerNorm.bias.data += 100
    attention = bert.encoder.layer[0].attention.self
    for linear in (attention.query, attention.key, attention.value):
        linear.bias.data -= 100 * linear.weight.data.sum(dim=1)
    model.save(str(tmp_path / "model"))
    settings = Settings(model=str(tmp_path / "model"), cache_dir=str(tmp_path / "cache"), precision="int8")

    check_against(load_encoder(settings), model)
    assert "it stays float32" in caplog.text


def test_vectors_of_a_model_with_cls_pooling_and_prompts_are_those_of_sentence_transformers(tiny: Tiny) -> None:
    check_against(tiny.encoder, tiny.model)
    query, passage = (tiny.encoder.encode(["When?"], role)[0].pooled for role in Role)
    assert float(query @ passage) < 0.99, "each role has its own prompt"


def test_a_model_that_cannot_be_exported_runs_through_sentence_transformers(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    prompts = {"query": "ask: ", "document": "some text: "}
    model = build_model(tmp_path, "mean", prompts, include_prompt=False, dimension=16)
    settings = Settings(model=str(tmp_path / "model"), cache_dir=str(tmp_path / "cache"), threshold=0)

    encoder = load_encoder(settings)

    assert "runs through sentence-transformers: its prompt is left out of the pooling" in caplog.text
    assert not list(tmp_path.glob("cache/encoders/*/model.onnx"))
    check_against(encoder, model)
    assert words("Café bees dance", encoder.encode(["Café bees dance"])[0]) == ["Café", "bees", "dance"]


def test_text_beyond_the_limit_gives_no_tokens_but_is_counted(tiny: Tiny, tmp_path: Path) -> None:
    prompts = {"query": "", "document": "some text: "}
    build_model(tmp_path, "mean", prompts, include_prompt=False)
    unexported = load_encoder(Settings(model=str(tmp_path / "model"), cache_dir=str(tmp_path / "cache")))
    text = "one two three four five six seven eight nine ten " * 4

    for encoder in (tiny.encoder, unexported):
        encoding = encoder.encode([text])[0]
        assert words(text, encoding) == text.split()[: MAX_TOKENS - len(("[CLS]", "some", "text", ":", "[SEP]"))]
        assert len(encoder.spans([text])[0]) == 40


def test_token_vectors_may_have_another_size_than_the_pooled_vector(tmp_path: Path) -> None:
    prompts = {"query": "ask: ", "document": ""}
    build_model(tmp_path, "mean", prompts, include_prompt=False, dimension=16)
    settings = Settings(model=str(tmp_path / "model"), cache_dir=str(tmp_path / "cache"), threshold=0)
    article = parse_article("bees.md", "# Bees\n\nBees dance. Wasps do not.\n\n## FAQ\n\n### Why?\n\nFor joy.\n")

    answer = Engine.from_articles([article], settings).ask("Do wasps dance?")

    assert answer.text in article.text


def test_offsets_are_the_code_points_that_each_token_covers(encoder: Encoder) -> None:
    text = "👩‍👩‍👧 São Paulo’s naïve\tÉcole 🐝 dances"

    encoding = encoder.encode([text])[0]

    assert [word for word in words(text, encoding) if word.isalpha()] == [
        "São", "Paulo", "s", "naïve", "École", "dances",
    ]  # fmt: skip
    assert "🐝" in words(text, encoding)
    assert encoding.offsets.tolist() == encoder.spans([text])[0].tolist()


def test_tokens_and_pooled_vector_are_of_unit_length_and_special_tokens_are_left_out(encoder: Encoder) -> None:
    encoding = encoder.encode(["Bees dance"])[0]

    assert words("Bees dance", encoding) == ["Bees", "dance"]
    assert encoding.tokens.shape == (2, encoder.dimension)
    assert np.linalg.norm(encoding.tokens, axis=1) == pytest.approx([1, 1], abs=1e-5)
    assert float(np.linalg.norm(encoding.pooled)) == pytest.approx(1, abs=1e-5)


def test_results_come_in_the_order_of_the_texts_however_long_each_is(encoder: Encoder) -> None:
    texts = [f"number {number} " + "and more " * (number * 7 % 20) for number in range(40)]

    encodings = encoder.encode(texts, Role.QUERY)

    assert [words(text, encoding)[1] for text, encoding in zip(texts, encodings, strict=True)] == [
        str(number) for number in range(40)
    ]
    alone = pooled([encoder.encode([text], Role.QUERY)[0] for text in texts[::10]])
    assert np.abs(pooled(encodings)[::10] - alone).max() <= TOLERANCE


def test_no_text_gives_no_encoding(encoder: Encoder) -> None:
    assert encoder.encode([]) == []
    assert encoder.encode([], Role.QUERY) == []


def test_nothing_heavy_is_loaded_for_a_question_against_a_saved_encoder(engine: Engine) -> None:
    heavy = (
        "torch",
        "transformers",
        "sentence_transformers",
        "sklearn",
        "scipy",
        "bm25s",
        "onnx",
        "gradio",
        "matplotlib",
    )
    source = (
        "import sys; from qa import Engine, corpus_path; "
        "print(Engine.from_path(corpus_path()).ask('When was DeepSeek founded?').kind); "
        f"print([name for name in {heavy} if name in sys.modules])"
    )

    done = subprocess.run([sys.executable, "-c", source], check=True, capture_output=True, text=True)

    assert done.stdout == f"{engine.ask('When was DeepSeek founded?').kind}\n[]\n"


def processor_seconds(*arguments: str) -> float:
    """Return what a Python process needs of the processors, which other load on the machine changes little."""
    before = getrusage(RUSAGE_CHILDREN)
    subprocess.run([sys.executable, *arguments], check=True, capture_output=True)
    after = getrusage(RUSAGE_CHILDREN)
    return after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime


@pytest.mark.usefixtures("engine")
def test_asking_takes_a_quarter_of_what_importing_sentence_transformers_takes_at_most() -> None:
    pairs = [
        (
            processor_seconds("-m", "qa", "ask", "When was DeepSeek founded?"),
            processor_seconds("-c", "import sentence_transformers"),
        )
        for _ in range(3)
    ]

    ask, load = (median(times) for times in zip(*pairs, strict=True))
    assert ask <= load / 4, f"{ask:.2f} s against {load:.2f} s"
