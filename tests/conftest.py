"""What all tests share: the real engine, made once, and a toy encoder for exact values."""

import pytest
from toy import ToyEncoder

from qa import Engine, corpus_path
from qa.encoder import Encoder, load_encoder


@pytest.fixture(scope="session")
def encoder() -> Encoder:
    return load_encoder()


@pytest.fixture(scope="session")
def engine(encoder: Encoder) -> Engine:
    """Return an engine over the bundled article."""
    return Engine.from_path(corpus_path(), encoder=encoder)


@pytest.fixture
def toy_encoder() -> ToyEncoder:
    return ToyEncoder()
