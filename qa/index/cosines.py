"""Cosines of stored int8 vectors with a few of a question's: in integers, by ONNX Runtime's kernels for them.

Ten times as fast as to convert the stored ones to float32 and let BLAS multiply. ``cosines.onnx`` holds the
operators; to make it with the package ``onnx`` at every start would take longer than a hundred questions.
"""

from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

if TYPE_CHECKING:
    import onnx
    import onnxruntime

MODEL = Path(__file__).with_suffix(".onnx")
ZERO = 128  # what stands for 0 among unsigned bytes, as the kernels want one side to be
# The range of a question's components: two products of an unsigned byte and 63 still fit into 16 bits, in which
# processors without VNNI add them. On squad-dev-8 and xquad-en-32, not one first hit is another than with float32.
MOST = 63
OUTPUTS = ["cosines"]


def integer_cosines(
    vectors: NDArray[np.uint8], scales: NDArray[np.float32], query: NDArray[np.float32]
) -> NDArray[np.float32]:
    """Return the inner products of each vector with each of the query's: shape (n, m).

    Args:
        vectors: shape (n, w), the stored int8 components plus ``ZERO``.
        scales: shape (n,): what each of them is multiplied by.
        query: shape (m, w).
    """
    feeds = {"vectors": vectors, "query": query, "scales": scales[:, None]}
    [found] = _session().run(OUTPUTS, feeds)
    return np.asarray(found, dtype=np.float32)


@cache
def _session() -> "onnxruntime.InferenceSession":
    import onnxruntime

    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = 1
    options.log_severity_level = 3
    return onnxruntime.InferenceSession(str(MODEL), options, providers=["CPUExecutionProvider"])


def model() -> "onnx.ModelProto":
    """Return what ``cosines.onnx`` holds."""
    from onnx import TensorProto, helper

    def value(name: str, kind: int, *shape: str | int) -> "onnx.ValueInfoProto":
        return helper.make_tensor_value_info(name, kind, shape)

    nodes = [
        # Each of the query's vectors in steps of its own, so that its largest component has MOST of them.
        helper.make_node("Abs", ["query"], ["sizes"]),
        helper.make_node("ReduceMax", ["sizes", "across"], ["largest"]),
        helper.make_node("Max", ["largest", "least"], ["range"]),
        helper.make_node("Div", ["range", "most"], ["step"]),
        helper.make_node("Squeeze", ["step", "across"], ["steps"]),
        helper.make_node("Div", ["query", "step"], ["quotients"]),
        helper.make_node("Round", ["quotients"], ["rounded"]),
        helper.make_node("Transpose", ["rounded"], ["turned"], perm=[1, 0]),
        helper.make_node("Cast", ["turned"], ["digits"], to=TensorProto.INT8),
        helper.make_node(
            "MatMulIntegerToFloat", ["vectors", "digits", "one", "steps", "zero"], ["products"], domain="com.microsoft"
        ),
        helper.make_node("Mul", ["products", "scales"], OUTPUTS),
    ]
    graph = helper.make_graph(
        nodes,
        "cosines",
        [
            value("vectors", TensorProto.UINT8, "n", "w"), value("query", TensorProto.FLOAT, "m", "w"),
            value("scales", TensorProto.FLOAT, "n", 1),
        ],
        [value(OUTPUTS[0], TensorProto.FLOAT, "n", "m")],
        [
            helper.make_tensor("one", TensorProto.FLOAT, [], [1]),
            helper.make_tensor("zero", TensorProto.UINT8, [], [ZERO]),
            helper.make_tensor("most", TensorProto.FLOAT, [], [MOST]),
            helper.make_tensor("least", TensorProto.FLOAT, [], [1e-9]),
            helper.make_tensor("across", TensorProto.INT64, [1], [1]),
        ],
    )  # fmt: skip
    versions = [helper.make_opsetid("", 21), helper.make_opsetid("com.microsoft", 1)]
    return helper.make_model(graph, opset_imports=versions, ir_version=10, producer_name="ask-the-article")
