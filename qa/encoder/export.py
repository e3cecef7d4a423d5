"""From a sentence-transformers model to files that ONNX Runtime and ``tokenizers`` can serve.

The whole pipeline (transformer, pooling, dense layers) goes into one graph with two outputs, so
that any pooling comes out exactly as sentence-transformers computes it. The ``dynamo`` exporter is
used because the older TorchScript one yields wrong vectors for this family of models.
"""

import contextlib
import io
import json
import logging
import os
import shutil
import tempfile
import warnings
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

import numpy as np
from numpy.typing import NDArray

from qa.encoder.protocol import Encoding, Role
from qa.encoder.weights import cache_key, file_sha256, locate, verify
from qa.errors import EncoderError
from qa.settings import DEFAULT_MODEL, Precision, Settings

if TYPE_CHECKING:
    from sentence_transformers import SentenceTransformer

LOGGER = logging.getLogger(__name__)

# What a graph multiplies: float32; or, of int8, activations that are bytes, and weights that are signed or not.
Products = Literal["float32", "signed", "unsigned"]

EXPORT_VERSION = 4  # raise it when exported files change their meaning
MODEL_FILE, TOKENIZER_FILE, CONFIG_FILE = "model.onnx", "tokenizer.json", "encoder.json"
# Float32 kernels differ in the last digits only; a wrong graph differs in the first.
TOLERANCE = 1e-4
# The most cosine that int8 may cost the probes' vectors in the mean: MiniLM's pooled ones lose .0013, tokens' .0009.
MOST_LOST = 0.002
PROBES = ("How much did it cost?", "Of a longer text, padding must not change the vector. " * 3, "x")


def export_folder(settings: Settings) -> Path:
    """Return where the model that the settings name is exported to."""
    name = f"{cache_key(settings.model)}-{settings.encoder_precision}-v{EXPORT_VERSION}"
    return settings.cache_path / "encoders" / name


def load_model(model: str) -> "SentenceTransformer":
    """Load a model through sentence-transformers; the default's weights are checked first.

    Raises:
        EncoderError: the model is unknown, altered or cannot be loaded.
    """
    source = locate(model)
    if model == DEFAULT_MODEL:
        verify(Path(source))
    # The hub's progress bars and advice belong to no one who asks an article.
    os.environ.setdefault("HF_HUB_DISABLE_PROGRESS_BARS", "1")
    os.environ.setdefault("TOKENIZERS_PARALLELISM", "false")
    with contextlib.redirect_stderr(io.StringIO()):
        from sentence_transformers import SentenceTransformer

        try:
            return SentenceTransformer(source, device="cpu", local_files_only=Path(source).is_dir())
        except Exception as error:  # whatever a foreign model's code raises
            raise EncoderError(
                f"cannot load the model {model!r}: {_reason(error)}; name a folder or a model of sentence-transformers"
            ) from error


def export(model: str, target: Path, precision: Precision = "float32") -> "SentenceTransformer | None":
    """Write the exported model into the folder ``target``, whole or not at all.

    Args:
        model: see ``load_model``.
        target: the folder; it is replaced.
        precision: of the products; int8 is given up, with a warning, where it would lose too much.

    Returns:
        None, or the loaded model if it cannot be exported faithfully (the reason is logged).
    """
    loaded = load_model(model)
    target.parent.mkdir(parents=True, exist_ok=True)
    temporary = Path(tempfile.mkdtemp(prefix=f".{target.name}-", dir=target.parent))
    try:
        try:
            _write(loaded, temporary)
            if precision == "int8":
                _shrink(model, loaded, temporary)
        except Exception as error:  # the exporter meets models of every make
            LOGGER.warning("%s runs through sentence-transformers: %s", model, _reason(error))
            return loaded
        shutil.rmtree(target, ignore_errors=True)
        temporary.rename(target)
    finally:
        shutil.rmtree(temporary, ignore_errors=True)
    return None


def _write(model: "SentenceTransformer", folder: Path) -> None:
    """Write graph, tokenizer and configuration, and check the graph against the model.

    Raises:
        EncoderError: the model has traits that the exported form cannot express, or the graph differs.
    """
    import torch

    pooling = [module for module in model if hasattr(module, "include_prompt")]
    if any(model.prompts.values()) and any(not module.include_prompt for module in pooling):
        raise EncoderError("its prompt is left out of the pooling")
    tokenizer = getattr(model.tokenizer, "backend_tokenizer", None)
    if tokenizer is None:
        raise EncoderError("it has no fast tokenizer")
    batch = model.tokenizer(
        list(PROBES[:2]), padding=True, truncation=True, max_length=_limit(model), return_tensors="pt"
    )
    names = list(batch)

    class Pipeline(torch.nn.Module):
        """The model with positional inputs and both of its outputs at unit length."""

        def __init__(self) -> None:
            super().__init__()
            self.model = model

        def forward(self, *inputs: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
            features = self.model(dict(zip(names, inputs, strict=True)))
            unit = torch.nn.functional.normalize
            return unit(features["token_embeddings"], dim=-1), unit(features["sentence_embedding"], dim=-1)

    shape = {0: torch.export.Dim("batch", min=1, max=65536), 1: torch.export.Dim("length", min=1, max=_limit(model))}
    with torch.no_grad(), warnings.catch_warnings(), contextlib.redirect_stdout(io.StringIO()):
        warnings.simplefilter("ignore")  # deprecations inside of the exporter, not ours to mend
        logging.getLogger("torch.onnx").setLevel(logging.ERROR)
        program = torch.onnx.export(
            Pipeline().eval(),
            tuple(batch[name] for name in names),
            dynamo=True,
            opset_version=23,
            input_names=names,
            output_names=["tokens", "pooled"],
            dynamic_shapes={"inputs": tuple(shape for _ in names)},
            verbose=False,
        )
    if program is None:
        raise EncoderError("the exporter gave no graph")
    program.save(str(folder / MODEL_FILE), external_data=False)
    tokenizer.no_padding()
    tokenizer.no_truncation()
    tokenizer.save(str(folder / TOKENIZER_FILE))
    config: dict[str, Any] = {
        "version": EXPORT_VERSION,
        "products": "float32",
        "inputs": names,
        "dimension": model.get_embedding_dimension(),
        "max_tokens": _limit(model),
        "pad_id": model.tokenizer.pad_token_id or 0,
        "prompts": {role.value: model.prompts.get(role.value) or "" for role in Role},
        "lower": any(getattr(module, "do_lower_case", False) for module in model),
    }
    _describe(folder, config)
    _check(model, folder)


def _shrink(name: str, model: "SentenceTransformer", folder: Path) -> None:
    """Make the exported graph's products int8, unless its vectors then differ too much."""
    from qa.encoder.onnx import OnnxEncoder
    from qa.encoder.quantize import quantize

    whole = OnnxEncoder(folder).encode(PROBES)
    limits = {"truncation": True, "max_length": _limit(model), "return_tensors": "np"}
    kept = folder / "float32.onnx"
    (folder / MODEL_FILE).rename(kept)
    quantize(kept, folder / MODEL_FILE, [dict(model.tokenizer([probe], **limits)) for probe in PROBES])
    config = json.loads((folder / CONFIG_FILE).read_text(encoding="utf-8"))

    def small(products: Products) -> list[Encoding]:
        _describe(folder, config | {"products": products})
        return OnnxEncoder(folder).encode(PROBES)

    # Processors without VNNI add two products in 16 bits, too few for a signed byte times an unsigned one. What makes
    # both unsigned takes a quarter longer where it is not needed.
    exact = small("unsigned")
    found = small("signed")
    if _differ(found, exact) > TOLERANCE:
        found = small("unsigned")
    lost = _differ(found, whole)
    if lost <= MOST_LOST:
        kept.unlink()
        return
    LOGGER.warning("%s in int8 would lose %.3f of cosine; it stays float32", name, lost)
    kept.replace(folder / MODEL_FILE)
    _describe(folder, config)


def _differ(some: Sequence[Encoding], others: Sequence[Encoding]) -> float:
    """Return how much of cosine lies between two encodings of texts, pooled or token by token, in the mean."""
    pairs = list(zip(some, others, strict=True))
    pooled = np.array([one.pooled @ other.pooled for one, other in pairs])
    tokens = np.concatenate([(one.tokens * other.tokens).sum(axis=1) for one, other in pairs])
    return 1 - float(min(pooled.mean(), tokens.mean()))


def _describe(folder: Path, config: dict[str, Any]) -> None:
    """Write the description of an export, with the digests of its files."""
    hashes = {name: file_sha256(folder / name) for name in (MODEL_FILE, TOKENIZER_FILE)}
    (folder / CONFIG_FILE).write_text(json.dumps(config | {"sha256": hashes}, indent=1), encoding="utf-8")


def _check(model: "SentenceTransformer", folder: Path) -> None:
    """Raise unless the exported files give the model's own vectors, alone and in a batch."""
    from qa.encoder.onnx import OnnxEncoder

    exported = OnnxEncoder(folder)
    for role, encode in ((Role.QUERY, model.encode_query), (Role.PASSAGE, model.encode_document)):
        expected: NDArray[np.float32] = encode(list(PROBES), normalize_embeddings=True, show_progress_bar=False)
        for size in (1, len(PROBES)):
            actual = np.stack([encoding.pooled for encoding in exported.encode(PROBES[:size], role)])
            difference = float(np.abs(actual - expected[:size]).max())
            if not difference <= TOLERANCE:  # NaN counts as different
                raise EncoderError(f"its exported graph differs by {difference:.2g}, more than {TOLERANCE:g}")


def _reason(error: Exception) -> str:
    """Return the first line of what an error says; its name if it says nothing."""
    return next(iter(str(error).splitlines()), "").rstrip(".") or type(error).__name__


def _limit(model: "SentenceTransformer") -> int:
    """Return how many tokens the model reads; 512 where it does not say."""
    return int(model.max_seq_length or 512)
