"""The encoder of last resort: sentence-transformers itself, for models that cannot be exported."""

import hashlib
from collections.abc import Sequence
from threading import Lock
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from qa.encoder.protocol import Encoding, Role

if TYPE_CHECKING:
    from sentence_transformers import SentenceTransformer


class TorchEncoder:
    """Serves a loaded sentence-transformers model; slower to start, as good."""

    def __init__(self, model: "SentenceTransformer", fingerprint: str) -> None:
        self._model = model
        self._lock = Lock()  # a tokenizer keeps its limit, which another caller would change meanwhile
        self.fingerprint = hashlib.sha256(f"torch {fingerprint}".encode()).hexdigest()
        self.dimension = int(model.get_embedding_dimension() or 0)
        self.max_tokens = int(model.max_seq_length or 512)

    def encode(self, texts: Sequence[str], role: Role = Role.PASSAGE) -> list[Encoding]:
        """Encode texts, in the order given."""
        encode = self._model.encode_query if role is Role.QUERY else self._model.encode_document
        prompt = self._model.prompts.get(role.value) or ""
        with self._lock:
            outputs: Any = encode(list(texts), output_value=None, show_progress_bar=False)
            return [self._content(text, prompt, output) for text, output in zip(texts, outputs, strict=True)]

    def spans(self, texts: Sequence[str]) -> list[NDArray[np.int32]]:
        """Return the code points of each token of each text, uncut: int32, shape (t, 2)."""
        with self._lock:
            return [self._tokenize(text, special=False)[1] for text in texts]

    def _tokenize(self, text: str, *, special: bool) -> tuple[NDArray[np.int32], NDArray[np.int32], NDArray[np.bool_]]:
        """Return ids, offsets and the special tokens' mask; without a fast tokenizer, offsets are (0, 0)."""
        fast = bool(getattr(self._model.tokenizer, "is_fast", False))
        batch = self._model.tokenizer(
            text,
            add_special_tokens=special,
            truncation=special,  # what the model sees is cut; what is only counted is not
            max_length=self.max_tokens if special else None,
            return_offsets_mapping=fast,
            return_special_tokens_mask=True,
        )
        ids = np.array(batch["input_ids"], dtype=np.int32)
        offsets = batch["offset_mapping"] if fast else [(0, len(text))] * len(ids)
        mask = np.array(batch["special_tokens_mask"], dtype=bool)
        return ids, np.array(offsets, dtype=np.int32).reshape(-1, 2), mask

    def _content(self, text: str, prompt: str, output: "dict[str, Any]") -> Encoding:
        """Drop special tokens and the prompt's, and bring both outputs to unit length."""
        ids, offsets, special = self._tokenize(prompt + text, special=True)
        vectors = output["token_embeddings"].detach().cpu().numpy().astype(np.float32)
        count = min(len(ids), len(vectors))
        ids, offsets, special, vectors = ids[:count], offsets[:count], special[:count], vectors[:count]
        keep = ~special & (offsets[:, 1] > len(prompt))
        pooled = output["sentence_embedding"].detach().cpu().numpy().astype(np.float32)
        return Encoding(ids[keep], np.maximum(offsets[keep] - len(prompt), 0), _unit(vectors[keep]), _unit(pooled))


def _unit(vectors: NDArray[np.float32]) -> NDArray[np.float32]:
    """Scale vectors along the last axis to length 1; a zero vector stays zero."""
    norms = np.linalg.norm(vectors, axis=-1, keepdims=True)
    return np.asarray(vectors / np.maximum(norms, 1e-12), dtype=np.float32)
