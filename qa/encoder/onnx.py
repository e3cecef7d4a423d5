"""The encoder that answers questions: ONNX Runtime and ``tokenizers``, without torch."""

import hashlib
import json
import os
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import cached_property
from importlib import import_module
from itertools import chain
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from qa.encoder.export import CONFIG_FILE, EXPORT_VERSION, MODEL_FILE, TOKENIZER_FILE, Products
from qa.encoder.protocol import Encoding, Role
from qa.encoder.weights import file_sha256
from qa.errors import EncoderError

if TYPE_CHECKING:
    import onnxruntime
    import tokenizers

# A padded batch. On two cores, two passes side by side that each fit into a core's cache encode passages in .91 of the
# time that one pass after the other of 1024 takes, for which both cores have to wait for each other at each step.
BATCH_TOKENS = 256
BATCH_TEXTS = 32
# To add and normalise in one step takes ONNX Runtime's kernel eight times as long as in two steps, a tenth of a pass.
SLOWER = ["SkipLayerNormFusion"]


class OnnxEncoder:
    """Serves an exported model from the folder that ``qa.encoder.export`` wrote.

    Args:
        folder: holds the graph, the tokenizer and their description.
        threads: how many passes run at once, each on one thread; 0 takes as many as there are cores.

    Raises:
        EncoderError: a file is missing, of another version, or not the one that was written.
    """

    def __init__(self, folder: Path, threads: int = 0) -> None:
        try:
            description = (folder / CONFIG_FILE).read_bytes()
            config = json.loads(description)
            if config["version"] != EXPORT_VERSION:
                raise EncoderError(f"{folder} holds version {config['version']}, not {EXPORT_VERSION}")
            with ThreadPoolExecutor(1) as pool:
                digests = [
                    (name, digest, pool.submit(file_sha256, folder / name)) for name, digest in config["sha256"].items()
                ]
                import_module("onnxruntime")  # takes as long as to read the files, and is done meanwhile
                from tokenizers import Tokenizer

            damaged = [name for name, digest, found in digests if found.result() != digest]
        except (OSError, ValueError, KeyError, TypeError, AttributeError) as error:
            raise EncoderError(f"{folder} holds no exported encoder: {error}") from error
        if damaged:
            raise EncoderError(f"{folder} is damaged: {', '.join(damaged)} changed since it was written")
        self._passes = threads or os.cpu_count() or 1
        self._session = open_session(folder / MODEL_FILE, config["products"])
        self._inputs: list[str] = config["inputs"]
        self._pad_id: int = config["pad_id"]
        self._prompts: dict[str, str] = config["prompts"]
        self._lower: bool = config["lower"]
        self._folder = folder
        self._tokenizer = Tokenizer.from_file(str(folder / TOKENIZER_FILE))
        self.max_tokens: int = config["max_tokens"]
        self._tokenizer.enable_truncation(self.max_tokens)
        self.dimension: int = config["dimension"]
        # The description holds all that decides the vectors: the files' hashes, prompts and limits.
        self.fingerprint = hashlib.sha256(description).hexdigest()

    @cached_property
    def _uncut(self) -> "tokenizers.Tokenizer":
        """Return a tokenizer that does not cut; it takes long to load, and a question does without."""
        from tokenizers import Tokenizer

        return Tokenizer.from_file(str(self._folder / TOKENIZER_FILE))

    def encode(self, texts: Sequence[str], role: Role = Role.PASSAGE) -> list[Encoding]:
        """Encode texts, in the order given; batches hold texts of like length, so that little is padded."""
        prompt = self._prompts[role]
        tokenized = self._tokenizer.encode_batch([prompt + self._case(text) for text in texts])
        order = sorted(range(len(texts)), key=lambda number: len(tokenized[number].ids))
        batches: list[list[int]] = []
        while order:
            size = min(BATCH_TEXTS, max(1, BATCH_TOKENS // len(tokenized[order[-1]].ids)))
            batches.append(order[-size:])
            order = order[:-size]

        def encoded(batch: list[int]) -> list[Encoding]:
            return self._pass([tokenized[number] for number in batch], len(prompt))

        if len(batches) > 1:
            with ThreadPoolExecutor(min(self._passes, len(batches))) as pool:
                found = list(pool.map(encoded, batches))
        else:
            found = list(map(encoded, batches))
        encodings = dict(zip(chain.from_iterable(batches), chain.from_iterable(found), strict=True))
        return [encodings[number] for number in range(len(texts))]

    def _pass(self, tokenized: "Sequence[tokenizers.Encoding]", prompt: int) -> list[Encoding]:
        """Encode texts in one pass of the model, each after a ``prompt`` of so many code points."""
        rows = [each.ids for each in tokenized]
        longest = max(map(len, rows))
        ids = np.array([row + [self._pad_id] * (longest - len(row)) for row in rows], np.int64)
        mask = np.array([[1] * len(row) + [0] * (longest - len(row)) for row in rows], np.int64)
        feeds = {"input_ids": ids, "attention_mask": mask, "token_type_ids": np.zeros_like(ids)}
        tokens, pooled = self._session.run(["tokens", "pooled"], {name: feeds[name] for name in self._inputs})
        return [_content(each, prompt, *vectors) for each, *vectors in zip(tokenized, tokens, pooled, strict=True)]

    def spans(self, texts: Sequence[str]) -> list[NDArray[np.int32]]:
        """Return the code points of each token of each text, uncut: int32, shape (t, 2)."""
        tokenized = self._uncut.encode_batch([self._case(text) for text in texts], add_special_tokens=False)
        return [np.array(tokens.offsets, dtype=np.int32).reshape(-1, 2) for tokens in tokenized]

    def _case(self, text: str) -> str:
        """Lower the text if the model wants that and its offsets survive it."""
        lowered = text.lower() if self._lower else text
        return lowered if len(lowered) == len(text) else text


def open_session(path: Path, products: Products, threads: int = 1) -> "onnxruntime.InferenceSession":
    """Return ONNX Runtime's session of an exported graph, which several threads may run at once.

    Args:
        path: the graph.
        products: what it multiplies.
        threads: those that share one pass. A question's products are too small for more than one in int8; in float32,
            two gain a millisecond, and passes side by side use them better.
    """
    import onnxruntime

    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = threads
    options.log_severity_level = 3
    # Threads that spin for more work steal the processor from everybody else, the search included.
    options.add_session_config_entry("session.intra_op.allow_spinning", "0")
    options.add_session_config_entry("session.x64quantprecision", str(int(products == "unsigned")))
    return onnxruntime.InferenceSession(str(path), options, ["CPUExecutionProvider"], disabled_optimizers=SLOWER)


def _content(
    tokenized: "tokenizers.Encoding", prompt: int, tokens: NDArray[np.float32], pooled: NDArray[np.float32]
) -> Encoding:
    """Drop special tokens and the prompt's, and count offsets from the text's own start."""
    edges = np.array(tokenized.offsets, np.int32).reshape(-1, 2) - prompt
    special, ends = tokenized.special_tokens_mask, edges[:, 1].tolist()
    kept = [row for row, end in enumerate(ends) if end > 0 and not special[row]]
    rows = slice(kept[0], kept[-1] + 1) if kept else slice(0)  # special tokens stand at the ends
    return Encoding(
        np.array(tokenized.ids[rows], np.int32), np.maximum(edges[rows], 0), tokens[rows].copy(), pooled.copy()
    )
