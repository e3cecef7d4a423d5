"""An index in a folder: read instead of built, mended where articles changed, never trusted unchecked.

::

    indexes/
      <location>/          one for each place that articles are read from
        lock               held by the process that builds
        <content>/         the index, see ``qa.index.files``
        blocks/            what was encoded so far by a build that was stopped

An index is written to a folder of its own, which then is moved into place in one step.
"""

import contextlib
import hashlib
import json
import logging
import os
import re
import shutil
import time
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

from numpy.typing import NDArray

from qa.article import Article
from qa.encoder.protocol import Encoder
from qa.errors import ReadError
from qa.index.build import Progress, build
from qa.index.corpus import Corpus
from qa.index.files import (
    BLOCKS,
    FORMAT,
    MANIFEST,
    NAME_CHARS,
    UNFINISHED,
    Entry,
    Saved,
    read_saved,
    short_digest,
    write_index,
)
from qa.index.index import Index
from qa.index.shelf import FolderShelf
from qa.index.tokens import TokenType
from qa.index.vectors import Vectors
from qa.readers import Source, parse_bytes

LOGGER = logging.getLogger(__name__)

PLACE = re.compile(rf"[0-9a-f]{{{NAME_CHARS}}}")
KEPT_DAYS = 90  # an index that nobody opened for so long is removed when another is written


def open_index(
    sources: Sequence[Source],
    encoder: Encoder,
    folder: Path,
    location: str,
    token_type: TokenType = "int8",
    progress: Progress = lambda *_: None,
) -> Index:
    """Return the index of articles, from ``folder`` as far as it is kept there.

    Two processes may call this at once: one builds, the other waits and then reads. An index that is damaged or
    of another format is built anew, with a warning; where none can be written, it is built in memory. Of several
    sources, those that cannot be read are left out, each with a warning.

    Args:
        sources: where the articles are read from.
        encoder: makes the vectors.
        folder: holds indexes; made if it is not there.
        location: tells the sources' place from others; an index replaces the one of the same place.
        token_type: how token vectors are stored.
        progress: called with the number of texts that were encoded, or found encoded, and the number of all.

    Raises:
        ReadError: no source is a readable article.
    """
    from filelock import FileLock

    place = folder / short_digest(location)
    basis = {"format": FORMAT, "encoder": encoder.fingerprint, "tokens": token_type}
    if len(sources) == 1:  # read once, for it may be a pipe
        [only] = sources
        sources = [Source(only.name, data=only.read(), url=only.url)]
    digests = _digests(sources)
    content = _content(basis, zip((source.name for source in sources), digests, strict=True))
    try:
        place.mkdir(parents=True, exist_ok=True)
        with contextlib.suppress(OSError):  # where it may only be read
            os.utime(place)
        saved = None
        with contextlib.suppress(Exception):  # whatever is wrong with it is told below
            saved = read_saved(place / content, basis)
        if saved is None:
            with FileLock(place / "lock"):
                saved = _read(place, content, basis)
                if saved is None or saved.folder.name != content:
                    return _build(sources, digests, encoder, place, basis, saved, progress)
    except OSError as error:
        reason = error.strerror or error
        LOGGER.warning("no index can be kept in %s (%s); name another folder with --index", folder, reason)
        columns, _ = _columns(sources, digests, encoder, token_type, None, None, progress)
        return Index(columns)
    for name, _, number, reason in saved.manifest["sources"]:
        if number < 0:
            LOGGER.warning("left out: %s", reason or name)
    return saved.index()


def _build(
    sources: Sequence[Source],
    digests: Sequence[str],
    encoder: Encoder,
    place: Path,
    basis: dict[str, Any],
    saved: Saved | None,
    progress: Progress,
) -> Index:
    """Build an index and put it in place of the one that was saved; the lock is held."""
    for left in place.glob(f"{UNFINISHED}*"):
        shutil.rmtree(left, ignore_errors=True)
    shelf = FolderShelf(place / BLOCKS, short_digest(json.dumps(basis)))
    columns, found = _columns(sources, digests, encoder, basis["tokens"], saved, shelf, progress)
    folder = place / _content(basis, (entry[:2] for entry in found))
    vectors = Vectors.of(columns["passage_vectors"])
    try:
        written = write_index(folder, columns, vectors, basis, found)
    except OSError as error:
        LOGGER.warning("the index is not kept: cannot write to %s (%s)", place, error.strerror or error)
        return Index(columns, vectors=vectors)
    for other in place.iterdir():
        if other.is_dir() and other != folder:
            shutil.rmtree(other, ignore_errors=True)
    _forget(place)
    return written.index()


def _columns(
    sources: Sequence[Source],
    digests: Sequence[str],
    encoder: Encoder,
    token_type: TokenType,
    saved: Saved | None,
    shelf: FolderShelf | None,
    progress: Progress,
) -> tuple[dict[str, NDArray[Any]], list[Entry]]:
    """Return the columns of all readable articles, and what became of each source, with the digest of what was read."""
    articles: list[Article] = []
    found: list[Entry] = []
    corpus = None if saved is None else Corpus(saved.columns)
    before = {} if saved is None else {(name, digest): row for name, digest, row, _ in saved.manifest["sources"]}
    for source, expected in zip(sources, digests, strict=True):
        digest, number = expected, before.get((source.name, expected), -1)
        try:
            if corpus is not None and number >= 0:
                article = corpus.articles[number]
            else:
                digest = ""
                data = source.read()
                digest = _source_digest(source, data)  # it may have changed by now
                article = parse_bytes(source.name, data, source.url)
        except ReadError as error:
            if len(sources) == 1:
                raise
            LOGGER.warning("left out: %s", error)
            found.append((source.name, digest, -1, str(error)))
            continue
        found.append((source.name, digest, len(articles), ""))
        articles.append(article)
    if not articles:
        raise ReadError(f"none of the {len(sources)} files is a readable article; see the warnings above")
    known = None if saved is None else saved.columns
    return build(articles, encoder, token_type, progress, known, shelf), found


def _digests(sources: Sequence[Source]) -> list[str]:
    """Return the digest of each source; "" where it cannot be read."""
    digests = []
    for source in sources:
        try:
            digests.append(_source_digest(source, source.read()))
        except ReadError:
            digests.append("")
    return digests


def _source_digest(source: Source, data: bytes) -> str:
    """Return the digest of what decides a source's article beside its name."""
    return hashlib.sha256(f"{source.url}\n".encode() + data).hexdigest()


def _content(basis: Mapping[str, Any], sources: Iterable[tuple[str, str]]) -> str:
    """Return the name of an index, given the names and digests of its sources."""
    return short_digest(json.dumps([basis, list(sources)]))


def _read(place: Path, content: str, basis: Mapping[str, Any]) -> Saved | None:
    """Return the index kept for a place, that of ``content`` if there are two; None if none is of use."""
    folders = sorted(place.glob(f"*/{MANIFEST}"), key=lambda path: path.parent.name != content)
    for folder in (path.parent for path in folders):
        try:
            saved = read_saved(folder, basis)
        except FileNotFoundError:
            continue  # replaced by another process at this moment
        except Exception as error:  # damage may end the parsers of JSON, ZIP and arrays in any way
            LOGGER.warning("the index in %s is damaged (%s); building it anew", folder, error)
            continue
        if saved is not None:
            return saved
        LOGGER.warning("the index in %s is of another format, model or setting; building it anew", folder)
    return None


def _forget(place: Path) -> None:
    """Remove the indexes of other places that nobody opened for long, and nothing else that may be in the folder."""
    for lock in place.parent.glob("*/lock"):
        other = lock.parent
        with contextlib.suppress(OSError):
            if PLACE.fullmatch(other.name) and other.stat().st_mtime < time.time() - KEPT_DAYS * 86_400:
                shutil.rmtree(other)
