"""Encoded blocks in a folder, so that a build that was stopped goes on where it was."""

import logging
import zipfile
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from qa.index.build import Block

LOGGER = logging.getLogger(__name__)


class FolderShelf:
    """Blocks of encoded texts in a folder, one file each; a damaged one counts as missing."""

    def __init__(self, folder: Path, basis: str) -> None:
        self._folder, self._basis = folder, basis[:16]

    def get(self, name: str) -> Block | None:
        """Return a block whose arrays are read when they are asked for."""
        path = self._path(name)
        try:
            with zipfile.ZipFile(path) as archive:
                return None if archive.testzip() else _Kept(path)
        except Exception:  # as zipfile likes to put it
            return None

    def put(self, name: str, block: Block) -> Block:
        """Write a block, whole or not at all."""
        path = self._path(name)
        part = path.with_suffix(".part")
        try:
            self._folder.mkdir(exist_ok=True)
            with part.open("wb") as stream:
                np.savez(stream, allow_pickle=False, **block)
            part.replace(path)
        except OSError as error:
            LOGGER.info("a block is not kept: %s", error)
            return block
        return _Kept(path)

    def join(self, name: str, column: str, blocks: Sequence[Block], rows: int) -> NDArray[Any]:
        """Write the blocks' arrays one after the other to a file, and map it to memory; if that fails, use memory."""
        path = self._folder / f"{name}.npy"
        first = blocks[0][column]
        header = {"descr": first.dtype.str, "fortran_order": False, "shape": (rows, *first.shape[1:])}
        try:
            self._folder.mkdir(exist_ok=True)
            with path.open("wb") as stream:  # not through the map: where a disk is full, that would end the process
                np.lib.format.write_array_header_2_0(stream, header)
                for block in blocks:
                    stream.write(np.ascontiguousarray(block[column]).data)
        except OSError as error:
            LOGGER.info("the blocks are joined in memory: %s", error)
            return np.concatenate([block[column] for block in blocks])
        joined: NDArray[Any] = np.load(path, "r", allow_pickle=False)
        return joined

    def _path(self, name: str) -> Path:
        return self._folder / f"{self._basis}-{name}.npz"


class _Kept(Mapping[str, NDArray[Any]]):
    """The arrays of a block's file; it is open only while one is read, since there may be thousands."""

    def __init__(self, path: Path) -> None:
        self._path = path

    def __getitem__(self, name: str) -> NDArray[Any]:
        with np.load(self._path, allow_pickle=False) as arrays:
            array: NDArray[Any] = arrays[name]
            return array

    def __iter__(self) -> Iterator[str]:
        with np.load(self._path, allow_pickle=False) as arrays:
            return iter(list(arrays))

    def __len__(self) -> int:
        return sum(1 for _ in self)
