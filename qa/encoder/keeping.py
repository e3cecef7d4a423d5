"""Passages are encoded once: what was computed for an article is kept for the next process.

Without it, half of the time of a single question at the command line goes into encoding the
article anew. Questions are never kept.
"""

import hashlib
import json
import logging
import os
import tempfile
import zipfile
from collections.abc import Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from qa.encoder.protocol import Encoder, Encoding, Role

LOGGER = logging.getLogger(__name__)

LARGEST_FILE = 64_000_000  # bytes; about 40,000 tokens of 384 components, an article of 30,000 words
LARGEST_FOLDER = 256_000_000  # the files that were not used for longest make room


class KeepingEncoder:
    """Serves another encoder's vectors, from ``folder`` where it holds those of the same passages.

    Args:
        encoder: computes what is not kept yet.
        folder: for the files; one that cannot be written to is done without.
    """

    def __init__(self, encoder: Encoder, folder: Path) -> None:
        self._encoder = encoder
        self._folder = folder
        self.fingerprint = encoder.fingerprint
        self.dimension = encoder.dimension
        self.max_tokens = encoder.max_tokens

    def encode(self, texts: Sequence[str], role: Role = Role.PASSAGE) -> list[Encoding]:
        """Encode texts, in the order given; a batch of passages that was encoded before is read."""
        if role is not Role.PASSAGE or not texts:
            return self._encoder.encode(texts, role)
        content = json.dumps([self.fingerprint, *texts])
        path = self._folder / f"{hashlib.sha256(content.encode()).hexdigest()[:32]}.npz"
        kept = _read(path)
        if kept is None:
            kept = self._encoder.encode(texts, role)
            try:
                self._write(path, kept)
            except OSError as error:
                LOGGER.debug("encodings are not kept: %s", error)
        return kept

    def spans(self, text: str) -> NDArray[np.int32]:
        """Return the code points of each token of ``text``, uncut: int32, shape (t, 2)."""
        return self._encoder.spans(text)

    def _write(self, path: Path, encodings: Sequence[Encoding]) -> None:
        """Write a file, whole or not at all, and remove the oldest ones beyond the folder's limit."""
        arrays = {
            "counts": np.array([len(encoding.ids) for encoding in encodings]),
            "ids": np.concatenate([encoding.ids for encoding in encodings]),
            "offsets": np.concatenate([encoding.offsets for encoding in encodings]),
            "tokens": np.concatenate([encoding.tokens for encoding in encodings]),
            "pooled": np.stack([encoding.pooled for encoding in encodings]),
        }
        size = sum(array.nbytes for array in arrays.values())
        if size > LARGEST_FILE:
            return
        self._folder.mkdir(parents=True, exist_ok=True)
        with tempfile.NamedTemporaryFile(dir=self._folder, suffix=".part", delete=False) as stream:
            np.savez(stream, allow_pickle=False, **arrays)
        os.replace(stream.name, path)
        room = LARGEST_FOLDER
        for file in sorted(self._folder.iterdir(), key=lambda file: file.stat().st_mtime_ns, reverse=True):
            room -= file.stat().st_size
            if room < 0:
                file.unlink(missing_ok=True)


def _read(path: Path) -> list[Encoding] | None:
    """Return the encodings in a file; None if there is none, or it is damaged (its CRC-32 tells)."""
    try:
        with path.open("rb") as stream, np.load(stream, allow_pickle=False) as arrays:
            counts, ids, offsets, tokens, pooled = (
                arrays[name] for name in ("counts", "ids", "offsets", "tokens", "pooled")
            )
        os.utime(path)  # in use, so not the next to be removed
    except (OSError, ValueError, KeyError, EOFError, zipfile.BadZipFile):
        return None
    cuts = np.cumsum(counts)[:-1]
    parts = zip(*(np.split(array, cuts) for array in (ids, offsets, tokens)), pooled, strict=True)
    return [Encoding(*part) for part in parts]
