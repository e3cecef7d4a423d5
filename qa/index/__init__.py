"""What is known of articles before a question comes, in memory or in a folder. It gives scores, never opinions."""

from qa.index.build import Progress
from qa.index.corpus import Located
from qa.index.index import UNPACKED, Index
from qa.index.lexicon import Lexicon, inverse_document_frequency
from qa.index.saved import open_index
from qa.index.tokens import Floats, Integers, TokenStore, text_maxima
from qa.index.vectors import Vectors
from qa.index.windows import encode_windows

__all__ = [
    "UNPACKED",
    "Floats",
    "Index",
    "Integers",
    "Lexicon",
    "Located",
    "Progress",
    "TokenStore",
    "Vectors",
    "encode_windows",
    "inverse_document_frequency",
    "open_index",
    "text_maxima",
]
