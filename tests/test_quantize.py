"""A graph in int8 gives what it gave in float32, but for the steps of a byte."""

from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray
from onnx import TensorProto, helper, numpy_helper, save

from qa.encoder.export import Products
from qa.encoder.onnx import open_session
from qa.encoder.quantize import GELU_ZERO, TABLE_ROWS, quantize

Floats = NDArray[np.float32]
Run = Callable[[list[list[int]]], Floats]

WIDTH = 8
IDS = [[0, 1, 2], [3, 4, 5]]
GENERATOR = np.random.default_rng(0)


def write(path: Path, table: Floats, middle: str, *weights: Floats, constants: Sequence[Floats] = ()) -> Run:
    """Write a graph that looks ids up in a table, does something in the ``middle``, and multiplies; return its run."""
    values = {f"constant {n}": each for n, each in enumerate(constants)}
    factors = {f"weight {n}": each for n, each in enumerate(weights)}
    nodes = [
        helper.make_node("Gather", ["table", "ids"], ["found"]),
        helper.make_node(middle, ["found", *values], ["activation"]),
        *(helper.make_node("MatMul", ["activation", name], [f"of {name}"]) for name in factors),
        helper.make_node("Concat", [f"of {name}" for name in factors], ["result"], axis=-1),
    ]
    graph = helper.make_graph(
        nodes,
        "toy",
        [helper.make_tensor_value_info("ids", TensorProto.INT64, ["b", "t"])],
        [helper.make_tensor_value_info("result", TensorProto.FLOAT, ["b", "t", "w"])],
        [numpy_helper.from_array(each, name) for name, each in {"table": table, **values, **factors}.items()],
    )
    save(helper.make_model(graph, opset_imports=[helper.make_opsetid("", 23)], ir_version=10), str(path))
    return running(path)


def running(path: Path, products: Products = "float32") -> Run:
    session = open_session(path, products)
    return lambda ids: np.asarray(session.run(["result"], {"ids": np.array(ids, np.int64)})[0])


def small(path: Path, products: Products = "signed") -> Run:
    """Quantize the graph in a file and return the run of what came of it."""
    quantize(path, path.with_name("small.onnx"), [{"ids": np.array(IDS, np.int64)}])
    return running(path.with_name("small.onnx"), products)


def table(rows: int = TABLE_ROWS) -> Floats:
    return GENERATOR.standard_normal((rows, WIDTH)).astype(np.float32)


@pytest.mark.parametrize("products", ["signed", "unsigned"])
def test_whole_numbers_of_steps_are_multiplied_exactly(tmp_path: Path, products: Products) -> None:
    whole = GENERATOR.integers(-127, 128, (TABLE_ROWS, WIDTH)).astype(np.float32)
    weights = [GENERATOR.integers(-127, 128, (WIDTH, width)).astype(np.float32) for width in (5, 1, 3)]
    for each in (whole.T, *weights):
        each[0] = 127  # so that a step is 1
    exact = write(tmp_path / "large.onnx", whole, "Identity", *weights)

    assert small(tmp_path / "large.onnx", products)(IDS) == pytest.approx(exact(IDS), rel=1e-6)


def test_a_vector_of_zeros_stays_one(tmp_path: Path) -> None:
    rows = table()
    rows[1] = 0
    exact = write(tmp_path / "large.onnx", rows, "Identity", table(WIDTH))

    found = small(tmp_path / "large.onnx")(IDS)

    assert found[0, 1].tolist() == [0] * WIDTH
    assert np.abs(found - exact(IDS)).max() < 0.1


def test_a_component_that_is_always_large_leaves_the_others_their_steps(tmp_path: Path) -> None:
    weight = table(WIDTH)
    weight[3] /= 100
    scale, bias = np.ones(WIDTH, np.float32), np.zeros(WIDTH, np.float32)
    bias[3] = 200
    exact = write(tmp_path / "large.onnx", table(), "LayerNormalization", weight, constants=(scale, bias))

    error = small(tmp_path / "large.onnx")(IDS) - exact(IDS)

    assert np.abs(error).max() < 0.1  # a step of all components together would be 200 / 127


def test_what_is_hardly_negative_gets_nearly_all_steps_above_zero(tmp_path: Path) -> None:
    rows = np.full((TABLE_ROWS, WIDTH), -0.75, np.float32)  # where GELU is lowest; whole steps of the table
    rows[:, 0] = 127 / 8
    exact = write(tmp_path / "large.onnx", rows, "Gelu", np.eye(WIDTH, dtype=np.float32))

    error = small(tmp_path / "large.onnx")(IDS) - exact(IDS)

    assert np.abs(error).max() <= 127 / 8 / (255 - GELU_ZERO) / 2 + 1e-4  # .045 with zero in the middle


def test_a_small_table_stays_as_it_is(tmp_path: Path) -> None:
    exact = write(tmp_path / "large.onnx", table(TABLE_ROWS - 1), "Identity", np.eye(WIDTH, dtype=np.float32) * 127)

    error = np.abs(small(tmp_path / "large.onnx")(IDS) - exact(IDS)).max(axis=-1)

    largest = np.abs(exact(IDS)).max(axis=-1)
    assert (error <= largest / 127 / 2 * 1.001).all()  # half a step of the activation alone
