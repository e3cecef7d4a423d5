"""The model alone: one forward pass without anything around it, the baseline of everything else."""

import json
import os
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from qa.encoder.export import CONFIG_FILE, MODEL_FILE, TOKENIZER_FILE, export_folder
from qa.encoder.onnx import open_session
from qa.settings import Settings


def folder(settings: Settings | None = None) -> Path:
    """Return where the exported model is; ``load_encoder`` has to have put it there."""
    return export_folder(settings or Settings())


class BareModel:
    """ONNX Runtime on the exported graph, with the product's options.

    Args:
        threads: CPU threads; 0 takes what is quickest: all for float32, one for bytes.
        source: a folder with graph and tokenizer; None takes the default model's.
    """

    def __init__(self, threads: int = 0, source: Path | None = None) -> None:
        from tokenizers import Tokenizer

        source = source or folder()
        products = json.loads((source / CONFIG_FILE).read_text("utf-8"))["products"]
        quickest = (os.cpu_count() or 1) if products == "float32" else 1
        self._session = open_session(source / MODEL_FILE, products, threads or quickest)
        self._tokenizer = Tokenizer.from_file(str(source / TOKENIZER_FILE))
        self._tokenizer.enable_padding()
        self._names = [each.name for each in self._session.get_inputs()]

    def feeds(self, texts: list[str]) -> dict[str, NDArray[np.int64]]:
        """Return the model's input for texts, which is made beforehand and not timed."""
        encoded = self._tokenizer.encode_batch(texts)
        values = {
            "input_ids": [each.ids for each in encoded],
            "attention_mask": [each.attention_mask for each in encoded],
            "token_type_ids": [each.type_ids for each in encoded],
        }
        return {name: np.array(values[name], dtype=np.int64) for name in self._names}

    def run(self, feeds: dict[str, NDArray[np.int64]]) -> list[NDArray[np.float32]]:
        """Run the forward pass."""
        outputs: list[NDArray[np.float32]] = self._session.run(["tokens", "pooled"], feeds)
        return outputs
