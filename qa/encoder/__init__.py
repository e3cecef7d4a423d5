"""Texts to vectors: export once with sentence-transformers, then serve with ONNX Runtime."""

import logging

from qa.encoder.protocol import Encoder, Encoding, Role
from qa.errors import EncoderError
from qa.settings import Settings

__all__ = ["Encoder", "Encoding", "Role", "load_encoder"]

LOGGER = logging.getLogger(__name__)


def load_encoder(settings: Settings | None = None) -> Encoder:
    """Return the encoder that the settings name, exporting its model first if that was never done.

    Two processes may call this at once: one exports, the other waits and then reads. Damaged files
    are noticed by their checksums and written anew.

    Raises:
        EncoderError: the model is unknown or its weights are not the published ones.
    """
    from filelock import FileLock

    from qa.encoder.export import export, export_folder
    from qa.encoder.onnx import OnnxEncoder
    from qa.encoder.weights import cache_key

    settings = settings or Settings()
    folder = export_folder(settings)
    if folder.is_dir():
        try:
            return OnnxEncoder(folder, settings.threads)
        except EncoderError as error:
            LOGGER.warning("%s; exporting the model again", error)
    try:
        folder.parent.mkdir(parents=True, exist_ok=True)
        with FileLock(folder.with_suffix(".lock")):
            if folder.is_dir():
                try:
                    return OnnxEncoder(folder, settings.threads)
                except EncoderError:
                    pass  # damaged, as logged above: replace it
            LOGGER.info("exporting %s to ONNX; this happens once", settings.model)
            loaded = export(settings.model, folder, settings.encoder_precision)
    except OSError as error:
        raise EncoderError(
            f"cannot write the exported model to {folder.parent}: {error.strerror or error}; set QA_CACHE_DIR"
        ) from error
    if loaded is None:
        return OnnxEncoder(folder, settings.threads)
    from qa.encoder.torch import TorchEncoder

    return TorchEncoder(loaded, cache_key(settings.model))
