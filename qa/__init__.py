"""Ask an article a question; get the very sentence that answers it, or an honest no."""

from pathlib import Path

from qa.answering import Answer, AnswerKind, Citation
from qa.article import Article, Span
from qa.engine import Engine
from qa.errors import (
    AskError,
    EncoderError,
    FeedbackError,
    GateError,
    LabelError,
    QuestionError,
    ReadError,
    ReceiptError,
    SettingsError,
)
from qa.settings import Settings

__all__ = [
    "Answer",
    "AnswerKind",
    "Article",
    "AskError",
    "Citation",
    "EncoderError",
    "Engine",
    "FeedbackError",
    "GateError",
    "LabelError",
    "QuestionError",
    "ReadError",
    "ReceiptError",
    "Settings",
    "SettingsError",
    "Span",
    "corpus_path",
]


def corpus_path() -> Path:
    """Return the folder of the bundled article: inside of an installed package, or beside it in a checkout."""
    here = Path(__file__).resolve().parent
    return next((folder for folder in (here / "corpus", here.parent / "corpus") if folder.is_dir()), here / "corpus")
