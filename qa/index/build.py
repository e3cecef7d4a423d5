"""From articles to the columns of an index; what was encoded before is not encoded again."""

import hashlib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from qa.article import Article, Span
from qa.encoder.protocol import Encoder, Encoding, Role
from qa.index.corpus import Columns, Corpus, article_columns, rows_by_key, runs
from qa.index.lexicon import text_frequencies
from qa.index.terms import term_columns
from qa.index.tokens import TokenType, pack, unpack
from qa.index.windows import encode_windows

BLOCK = 1024  # passages that are encoded, and may be kept, together: a minute's work at the most
# Up to so many passages (of 150 tokens each, 5.8 GB as int8) token vectors are stored whole. Beyond, they are
# projected on their REDUCED main directions: a third of the room and of the work, for .002 of sentence hit@1
# on squad-dev-8 in one index (.863 with 384 components, .860 with 128, .859 with 96, .853 with 64).
MAX_WHOLE = 100_000
REDUCED = 128
SAMPLED = 1024  # passages that the directions are taken from, 150 tokens each: hundreds for every component
DIGEST_BYTES = 16
TOKENS = ("token_ids", "tokens", "token_scales")

Block = Mapping[str, NDArray[Any]]
Progress = Callable[[int, int], object]


class Shelf(Protocol):
    """Keeps encoded blocks while an index is built, so that a build that was stopped can go on."""

    def get(self, name: str) -> Block | None:
        """Return the block of that name, if it is kept."""

    def put(self, name: str, block: Block) -> Block:
        """Keep a block; return it, perhaps as it is kept."""

    def join(self, name: str, column: str, blocks: "Sequence[Block]", rows: int) -> NDArray[Any]:
        """Return the blocks' arrays of a name one after the other, so many ``rows``, memory-mapped."""


@dataclass(frozen=True, slots=True)
class Text:
    """What is encoded as one: a span of a text, and the parts of it whose tokens are told apart."""

    text: str
    span: Span
    parts: tuple[Span, ...]

    def key(self) -> bytes:
        """Return the digest of all that decides its encoding beside the encoder."""
        start = self.span.start
        edges = [(part.start - start, part.end - start) for part in self.parts]
        content = f"{edges}\n{self.text[start : self.span.end]}".encode("utf-8", "surrogatepass")
        return hashlib.blake2b(content, digest_size=DIGEST_BYTES).digest()


def build(
    articles: Sequence[Article],
    encoder: Encoder,
    token_type: TokenType,
    progress: Progress = lambda *_: None,
    known: Columns | None = None,
    shelf: Shelf | None = None,
) -> dict[str, NDArray[Any]]:
    """Return the columns of the articles' index.

    Args:
        articles: what to index.
        encoder: makes the vectors.
        token_type: how token vectors are stored.
        progress: called with the number of texts that were encoded, or found encoded, and the number of all.
        known: the columns of an earlier index, of the same encoder and ``token_type``.
        shelf: for blocks of texts, where there are many.
    """
    columns = article_columns(articles)
    corpus = Corpus(columns, articles)
    quoted = [(articles[number].text, faq) for number, faq in corpus.faqs]
    paragraphs = [(row, text, span) for row, (text, faq) in enumerate(quoted) for span in _paragraphs(text, faq.answer)]
    passages = [Text(article.text, each.span, each.sentences) for article in articles for each in article.passages]
    questions = [Text(text, faq.question, (faq.question,)) for text, faq in quoted]
    answers = [Text(text, span, (span,)) for _, text, span in paragraphs]
    total = len(passages) + len(questions) + len(answers)
    done = 0

    def advance(count: int) -> None:
        nonlocal done
        done += count
        progress(done, total)

    basis = None
    if (len(passages) > MAX_WHOLE and encoder.dimension > REDUCED) or (known and "token_basis" in known):
        basis = columns["token_basis"] = _basis(passages, encoder, known, shelf)
    columns |= _Table(encoder, token_type, advance, known or {}, shelf, basis).encode("passage", passages)
    table = _Table(encoder, token_type, advance, known or {}, shelf)
    columns |= table.encode("question", questions, role=Role.QUERY)
    columns |= table.encode("answer", answers, tokens=False)
    columns["answer_faqs"] = np.array([row for row, _, _ in paragraphs], np.int64)
    return columns | term_columns(corpus, known)


def _basis(texts: Sequence[Text], encoder: Encoder, known: Columns | None, shelf: Shelf | None) -> NDArray[np.float32]:
    """Return the main directions of the token vectors of a sample: float32, shape (w, REDUCED), orthonormal.

    Those without the mean taken away (uncentred principal components), since cosines are of vectors from the origin.
    """
    if known and "token_basis" in known:
        return np.asarray(known["token_basis"])
    kept = shelf.get("basis") if shelf is not None else None
    if kept is None:
        sample = [texts[row] for row in np.linspace(0, len(texts) - 1, min(SAMPLED, len(texts))).astype(int)]
        encodings = encode_windows(encoder, [(text.text, text.span, text.parts) for text in sample])
        vectors = np.concatenate([encoding.tokens for encoding in encodings])
        _, directions = np.linalg.eigh(vectors.T @ vectors)  # in ascending order
        kept = {"basis": np.ascontiguousarray(directions[:, : -REDUCED - 1 : -1])}
        if shelf is not None:
            shelf.put("basis", kept)
    return np.asarray(kept["basis"], np.float32)


@dataclass(frozen=True, slots=True)
class _Table:
    """Encodes texts of one kind after the other into columns whose names begin with the kind."""

    encoder: Encoder
    token_type: TokenType
    progress: Callable[[int], object]
    known: Columns
    shelf: Shelf | None
    basis: NDArray[np.float32] | None = None  # that token vectors are projected on

    def encode(
        self, kind: str, texts: Sequence[Text], *, tokens: bool = True, role: Role = Role.PASSAGE
    ) -> dict[str, NDArray[Any]]:
        """Return the columns of a kind, with or without token vectors."""
        names = ["vectors", "token_counts", "token_ids"] + (["tokens", "token_scales"] if tokens else [])
        rows = rows_by_key(self.known, kind) if f"{kind}_{names[-1]}" in self.known else {}
        blocks: list[Block] = []
        shelf = self.shelf if len(texts) > BLOCK else None
        basis = b"" if self.basis is None else self.basis.tobytes()
        digests = [text.key() for text in texts]
        for first in range(0, len(texts), BLOCK):
            keys = digests[first : first + BLOCK]
            name = hashlib.sha256(b"".join([kind.encode(), basis, *keys])).hexdigest()[:32]
            block = shelf.get(name) if shelf is not None else None
            if block is not None:
                self.progress(len(keys))
                blocks.append(block)
                continue
            pieces = self._pieces(kind, texts[first : first + BLOCK], keys, rows, role)
            if shelf is not None:
                pieces = [shelf.put(name, {each: _joined(each, pieces) for each in names})]
            blocks += pieces
        blocks = blocks or [self._none()]
        columns = {f"{kind}_{name}": _joined(name, blocks) for name in names if name != "tokens"}
        columns[f"{kind}_keys"] = np.frombuffer(b"".join(digests), np.uint8).reshape(-1, DIGEST_BYTES)
        if tokens and self.shelf is not None:
            count = len(columns[f"{kind}_token_ids"])
            columns[f"{kind}_tokens"] = self.shelf.join(f"{kind}_tokens", "tokens", blocks, count)
        elif tokens:
            columns[f"{kind}_tokens"] = _joined("tokens", blocks)
        columns[f"{kind}_parts"] = np.cumsum([0, *(len(text.parts) for text in texts)], dtype=np.int64)
        columns[f"{kind}_token_starts"] = np.cumsum(np.append(0, columns.pop(f"{kind}_token_counts")), dtype=np.int64)
        # Of those numbered -1, which have no tokens, nothing is counted.
        ids = columns[f"{kind}_token_ids"] + 1
        columns[f"{kind}_token_frequencies"] = text_frequencies(ids, columns[f"{kind}_token_starts"], 1)[1:]
        return columns

    def _pieces(
        self, kind: str, texts: Sequence[Text], keys: Sequence[bytes], rows: Mapping[bytes, int], role: Role
    ) -> list[Block]:
        """Encode texts, but for those that are known; return them in order, what is known as views of what it is in."""
        fresh = [number for number, key in enumerate(keys) if key not in rows]
        self.progress(len(keys) - len(fresh))
        requests = [(texts[number].text, texts[number].span, texts[number].parts) for number in fresh]
        encodings = encode_windows(self.encoder, requests, self.progress, role)
        pieces: list[Block] = []
        for first, last, row in runs(keys, rows):
            if row >= 0:
                pieces.append(self._known(kind, row, row + last - first))
            else:
                pieces += [self._cut(next(encodings), text.parts) for text in texts[first:last]]
        return pieces

    def _cut(self, encoding: Encoding, parts: Sequence[Span]) -> dict[str, NDArray[Any]]:
        """Cut each part's tokens out of a text's encoding; a part without tokens gets a zero vector, numbered -1."""
        first, last = encoding.offsets[:, 0], encoding.offsets[:, 1]
        inside = [np.flatnonzero((first < part.end) & (last > part.start)) for part in parts]
        width = encoding.tokens.shape[1] if encoding.tokens.ndim == 2 else self.encoder.dimension
        none = np.zeros((1, width), np.float32)
        vectors = np.concatenate([none[:0], *(encoding.tokens[rows] if len(rows) else none for rows in inside)])
        tokens, scales = pack(vectors if self.basis is None else vectors @ self.basis, self.token_type)
        ids = [encoding.ids[rows] if len(rows) else np.full(1, -1) for rows in inside]
        return {
            "vectors": encoding.pooled[None].astype(np.float16),
            "token_counts": np.array([max(len(rows), 1) for rows in inside], np.int32),
            "token_ids": np.concatenate([np.zeros(0, np.int32), *ids]).astype(np.int32),
            "tokens": tokens,
            "token_scales": scales,
        }

    def _none(self) -> Block:
        """Return a block of no texts."""
        width = self.encoder.dimension
        nothing = np.zeros((0, width), np.float32)
        encoding = Encoding(np.zeros(0, np.int32), np.zeros((0, 2), np.int32), nothing, np.zeros(width, np.float32))
        return {name: column[:0] for name, column in self._cut(encoding, ()).items()}

    def _known(self, kind: str, first: int, last: int) -> dict[str, NDArray[Any]]:
        """Return the encodings of a run of texts as an earlier index holds them."""
        known = self.known
        start, end = known[f"{kind}_parts"][[first, last]]
        edges = known[f"{kind}_token_starts"][start : end + 1]
        columns = {name: known[f"{kind}_{name}"][edges[0] : edges[-1]] for name in TOKENS if f"{kind}_{name}" in known}
        counts = np.diff(edges).astype(np.int32)
        if self.basis is not None and columns["tokens"].shape[1] == len(self.basis):  # there were fewer passages then
            whole = unpack(columns["tokens"], columns["token_scales"])
            columns["tokens"], columns["token_scales"] = pack(whole @ self.basis, self.token_type)
        return columns | {"vectors": known[f"{kind}_vectors"][first:last], "token_counts": counts}


def _joined(name: str, blocks: Sequence[Block]) -> NDArray[Any]:
    """Return the blocks' arrays of a name one after the other; a single one is not copied."""
    return blocks[0][name] if len(blocks) == 1 else np.concatenate([block[name] for block in blocks])


def _paragraphs(text: str, span: Span) -> list[Span]:
    """Return the non-empty paragraphs of a span, which blank lines separate."""
    spans = []
    position = span.start
    for piece in text[span.start : span.end].split("\n\n"):
        if piece.strip():
            spans.append(Span(position, position + len(piece)))
        position += len(piece) + 2
    return spans
