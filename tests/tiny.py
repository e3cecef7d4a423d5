"""Sentence-transformers models small enough to be built, exported and damaged within a test."""

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import torch
from sentence_transformers import SentenceTransformer
from sentence_transformers.base.modules import Transformer
from sentence_transformers.sentence_transformer.modules import Dense, Normalize, Pooling
from transformers import AutoTokenizer, BertConfig, BertModel

from qa import Settings
from qa.encoder import Encoder, load_encoder
from qa.encoder.export import EXPORT_VERSION, export_folder
from qa.encoder.weights import locate
from qa.settings import DEFAULT_MODEL

MAX_TOKENS = 24


def build_model(
    folder: Path,
    pooling: Literal["cls", "mean"],
    prompts: dict[str, str],
    *,
    include_prompt: bool = True,
    dimension: int = 32,
) -> SentenceTransformer:
    """Save a random BERT of two layers with the default model's vocabulary, and return it."""
    torch.manual_seed(7)
    tokenizer = AutoTokenizer.from_pretrained(locate(DEFAULT_MODEL))
    config = BertConfig(
        vocab_size=len(tokenizer),
        hidden_size=32,
        num_hidden_layers=2,
        num_attention_heads=2,
        intermediate_size=64,
        max_position_embeddings=MAX_TOKENS,
        initializer_range=0.5,  # so large that different texts get different vectors
    )
    BertModel(config).save_pretrained(folder / "bert")
    tokenizer.save_pretrained(folder / "bert")
    modules: list[torch.nn.Module] = [
        Transformer(str(folder / "bert"), max_seq_length=MAX_TOKENS),
        Pooling(32, pooling, include_prompt=include_prompt),
    ]
    if dimension != 32:
        modules.append(Dense(32, dimension))
    model = SentenceTransformer(modules=[*modules, Normalize()], prompts=prompts, device="cpu")
    model.save(str(folder / "model"))
    return model


@dataclass(frozen=True)
class Tiny:
    """A small model with CLS pooling and prompts, as sentence-transformers and as we load it.

    Where its export belongs, there was a damaged one before.
    """

    model: SentenceTransformer
    encoder: Encoder
    export: Path

    @classmethod
    def build(cls, folder: Path) -> "Tiny":
        """Build it in a folder."""
        model = build_model(folder, "cls", {"query": "ask: ", "document": "some text: "})
        settings = Settings(model=str(folder / "model"), cache_dir=str(folder / "cache"))
        export = export_folder(settings)
        export.mkdir(parents=True)
        for name in ("model.onnx", "tokenizer.json"):
            (export / name).write_text("half of it is mis", encoding="utf-8")
        description = {"version": EXPORT_VERSION, "sha256": {"model.onnx": "0" * 64, "tokenizer.json": "0" * 64}}
        (export / "encoder.json").write_text(json.dumps(description), encoding="utf-8")
        return cls(model, load_encoder(settings), export)
