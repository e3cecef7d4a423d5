"""The files of one index: written in one step, checked byte by byte, mapped to memory.

::

    <content>/             its name is the digest of all that the index was made of
      manifest.json        sizes and checksums of the other files
      small.safetensors    the columns of up to 1 MB; *.npy the others, memory-mapped
      nearest.faiss        where there are many passages
"""

import hashlib
import json
import tempfile
import zlib
from collections.abc import Iterable, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from qa.index.corpus import Columns
from qa.index.index import Index
from qa.index.vectors import Vectors

Entry = tuple[str, str, int, str]  # of a source, see ``Saved.manifest``

# Goes up whenever the readers, the columns or their meaning change: an older index then is built anew.
FORMAT = 7
MANIFEST = "manifest.json"
NEAREST = "nearest.faiss"
BLOCKS = "blocks"  # beside an index while it is built, see ``qa.index.shelf``
UNFINISHED = "tmp-"
SMALL = "small.safetensors"
MAPPED_BYTES = 1_000_000  # a smaller column is read at once
# Of each such piece, CRC-32 is sure to notice any change within 32 bits, and misses one of four billion others. SHA-256
# takes three to eight times as long, and guards no better: who would forge an index would forge the digests beside it.
PIECE_BYTES = 1 << 20
NAME_CHARS = 32  # of a digest


@dataclass(frozen=True, slots=True)
class Saved:
    """An index as it was found in a folder, checked.

    Attributes:
        manifest: what it was made of; ``sources`` gives, of each, the name, the digest, and what became of it: the
            article's number or -1, and why there is none.
        columns: the files' arrays.
        folder: where they are.
    """

    manifest: dict[str, Any]
    columns: Columns
    folder: Path

    def index(self) -> Index:
        """Return the index; token vectors and text stay in the files."""
        vectors = Vectors.read(self.columns["passage_vectors"], self.folder / NEAREST)
        index = Index(self.columns, vectors=vectors)
        index.folder = self.folder
        return index


def write_index(
    folder: Path,
    columns: Columns,
    vectors: Vectors,
    basis: Mapping[str, Any],
    sources: Iterable[Entry],
) -> Saved:
    """Write an index to ``folder`` in one step, in place of what is there; return it as it is kept.

    Args:
        folder: its last part names the content.
        columns: what the index consists of.
        vectors: those of the passages.
        basis: what decides the columns beside the sources; a reader has to name the same.
        sources: see ``Saved.manifest``.

    Raises:
        OSError: it cannot be written; nothing is left then.
    """
    from safetensors.numpy import save

    small = {name: column for name, column in columns.items() if column.nbytes <= MAPPED_BYTES}
    with tempfile.TemporaryDirectory(dir=folder.parent, prefix=UNFINISHED, ignore_cleanup_errors=True) as temporary:
        written = Path(temporary) / folder.name
        written.mkdir()
        (written / SMALL).write_bytes(save({name: np.ascontiguousarray(column) for name, column in small.items()}))
        for name in columns.keys() - small:
            column = columns[name]
            if isinstance(column, np.memmap) and Path(str(column.filename)).parent == folder.parent / BLOCKS:
                Path(str(column.filename)).rename(written / f"{name}.npy")
            else:
                np.save(written / f"{name}.npy", column, allow_pickle=False)
        vectors.write(written / NEAREST)
        manifest = _sealed({**basis, "sources": list(sources), "files": _files(written)})
        (written / MANIFEST).write_text(json.dumps(manifest), encoding="utf-8")
        if folder.exists():
            folder.rename(Path(temporary) / "before")
        written.rename(folder)
    return Saved(manifest, small | _mapped(folder), folder)


def read_saved(folder: Path, basis: Mapping[str, Any]) -> Saved | None:
    """Return the index in a folder after a check of every byte; None if it was made on another ``basis``.

    Raises:
        FileNotFoundError: another process has replaced it.
        Exception: a file cannot be read, or is not as it was written.
    """
    from safetensors.numpy import load_file

    manifest = json.loads((folder / MANIFEST).read_text(encoding="utf-8"))
    if any(manifest.get(name) != value for name, value in basis.items()):
        return None
    if manifest != _sealed(manifest):
        raise ValueError("manifest.json was altered")
    actual = _files(folder)
    wrong = [name for name, file in manifest["files"].items() if actual.get(name) != file]
    if wrong:
        raise ValueError(f"{wrong[0]} was altered, cut off or lost")
    return Saved(manifest, load_file(folder / SMALL) | _mapped(folder), folder)


def _mapped(folder: Path) -> dict[str, NDArray[Any]]:
    """Return the columns that stay in their files, as plain arrays: numpy cuts mapped ones several times as slowly."""
    return {path.stem: np.asarray(np.load(path, "r", allow_pickle=False)) for path in folder.glob("*.npy")}


def _files(folder: Path) -> dict[str, list[Any]]:
    """Return of each file but the manifest its size and the digest of its pieces' checksums."""
    sizes = {path.name: path.stat().st_size for path in sorted(folder.iterdir()) if path.name != MANIFEST}
    pieces = [(name, first) for name, size in sizes.items() for first in range(0, size, PIECE_BYTES)]

    def checksum(piece: tuple[str, int]) -> bytes:
        with (folder / piece[0]).open("rb", buffering=0) as stream:
            stream.seek(piece[1])
            return zlib.crc32(stream.read(PIECE_BYTES)).to_bytes(4)

    whole = {name: hashlib.sha256() for name in sizes}
    with ThreadPoolExecutor(2) as pool:  # which the interpreter's lock does not hold up
        for (name, _), found in zip(pieces, pool.map(checksum, pieces), strict=True):
            whole[name].update(found)
    return {name: [size, whole[name].hexdigest()] for name, size in sizes.items()}


def _sealed(manifest: Mapping[str, Any]) -> dict[str, Any]:
    """Return a manifest with the digest of all else in it."""
    rest = {name: value for name, value in manifest.items() if name != "seal"}
    return rest | {"seal": short_digest(json.dumps(rest, sort_keys=True))}


def short_digest(text: str) -> str:
    """Return the digest of a text as names have it."""
    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()[:NAME_CHARS]
