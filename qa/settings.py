"""Every choice a user can make, in one frozen and range-checked record."""

import os
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, fields
from pathlib import Path
from typing import Any, Literal, Self

from qa.errors import SettingsError

DEFAULT_MODEL = "all-MiniLM-L6-v2"
Precision = Literal["int8", "float32"]
CACHE_VARIABLE = "QA_CACHE_DIR"


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """How articles are encoded and when an answer is good enough.

    Attributes:
        model: name or folder of a sentence-transformers model.
        precision: of the encoder's products: ``int8``, ``float32``, or ``auto``, which is int8 for the default model,
            whose answers it leaves as they are, and float32 for others.
        cache_dir: where exported encoders and indexes are kept; "" is the user's cache folder.
        index_dir: where indexes are kept; "" is below ``cache_dir``.
        token_type: how an index keeps token vectors, ``int8`` or ``float16``, which takes twice the room.
        calibration: a JSON file written by ``qa eval --fit``; "" is the one that ships.
        threshold: least confidence of an answer, 0..1; None takes the calibration's.
        max_question_chars: longest question, in code points.
        top_k: how many passages and FAQ entries an answer lists.
        threads: CPU threads that encode at once; 0 takes as many as there are cores.
        retention_days: how long the chat's log keeps a question; 0 is for ever.
        embed_origins: origins (``https://example.org``) that may show the chat in an iframe.

    Raises:
        SettingsError: a value is outside of its range.
    """

    model: str = DEFAULT_MODEL
    precision: Literal["auto", "int8", "float32"] = "auto"
    cache_dir: str = ""
    index_dir: str = ""
    token_type: Literal["int8", "float16"] = "int8"
    calibration: str = ""
    threshold: float | None = None
    max_question_chars: int = 500
    top_k: int = 5
    threads: int = 0
    retention_days: int = 365
    embed_origins: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        """Check types and ranges, and name each offender with its limit."""
        for name, kind in (("model", str), ("cache_dir", str), ("index_dir", str), ("calibration", str)):
            if not isinstance(getattr(self, name), kind):
                raise SettingsError(f"{name} = {getattr(self, name)!r} must be text")
        if not self.model.strip():
            raise SettingsError("model is empty; name a sentence-transformers model or leave it out")
        if self.precision not in {"auto", "int8", "float32"}:
            raise SettingsError(f"precision = {self.precision!r} must be auto, int8 or float32")
        if self.token_type not in {"int8", "float16"}:
            raise SettingsError(f"token_type = {self.token_type!r} must be int8 or float16")
        if self.threshold is not None:
            _check_range("threshold", self.threshold, 0, 1, whole=False)
        _check_range("max_question_chars", self.max_question_chars, 1, 10_000)
        _check_range("top_k", self.top_k, 1, 100)
        _check_range("threads", self.threads, 0, 256)
        _check_range("retention_days", self.retention_days, 0, 36_500)
        origins = self.embed_origins
        if isinstance(origins, str) or not all(isinstance(origin, str) for origin in origins):
            raise SettingsError(f"embed_origins = {origins!r} must be a list of origins")
        object.__setattr__(self, "embed_origins", tuple(origins))
        for origin in self.embed_origins:
            scheme, _, host = origin.partition("://")
            if scheme not in {"http", "https"} or not host or set(host) & set(" /;,'\"*?#@"):
                raise SettingsError(f"embed_origins: {origin!r} is no origin; write it like 'https://example.org'")

    @classmethod
    def from_mapping(cls, values: Mapping[str, Any]) -> Self:
        """Build settings from a mapping; a key that is not a setting is refused."""
        known = sorted(field.name for field in fields(cls))
        unknown = sorted(set(values) - set(known))
        if unknown:
            raise SettingsError(f"unknown setting {', '.join(unknown)}; known are {', '.join(known)}")
        return cls(**values)

    @classmethod
    def from_file(cls, path: str | Path) -> Self:
        """Read settings from a TOML file of ``key = value`` lines."""
        try:
            return cls.from_mapping(tomllib.loads(Path(path).read_text(encoding="utf-8")))
        except OSError as error:
            raise SettingsError(f"cannot read settings {path}: {error.strerror}") from error
        except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
            raise SettingsError(f"settings {path} are not TOML: {error}") from error

    @property
    def encoder_precision(self) -> Precision:
        """Return the precision that is meant."""
        if self.precision == "auto":
            return "int8" if self.model == DEFAULT_MODEL else "float32"
        return self.precision

    @property
    def index_path(self) -> Path:
        """Return the folder for indexes."""
        return Path(self.index_dir).expanduser() if self.index_dir else self.cache_path / "indexes"

    @property
    def cache_path(self) -> Path:
        """Return the folder for exported encoders: the setting, the environment's, or the user's."""
        chosen = self.cache_dir or os.environ.get(CACHE_VARIABLE, "")
        if chosen:
            return Path(chosen).expanduser()
        from platformdirs import user_cache_path

        return user_cache_path("ask-the-article")


def _check_range(name: str, value: object, low: float, high: float, *, whole: bool = True) -> None:
    """Raise unless ``value`` is a number, or a ``whole`` one, within ``[low, high]``."""
    number = isinstance(value, int if whole else (int, float)) and not isinstance(value, bool)
    if not number or not isinstance(value, (int, float)) or not low <= value <= high:
        raise SettingsError(f"{name} = {value!r} must be a number between {low} and {high}")
