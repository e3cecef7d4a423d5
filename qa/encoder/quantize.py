"""An exported graph in int8: half the time and a quarter of the room of float32, nearly the same vectors.

Each column of a weight has a scale of its own, and so has each token's activation (Dettmers et al. 2022, LLM.int8(),
section 3.1), so that a text's vectors do not depend on what else is in its batch, as they do with one scale for all
(ONNX Runtime's dynamic quantisation). Two kinds of activation would leave few steps to most of their components:

- What a layer normalisation yields has a few components many times as large as the others, always the same ones. Each
  component is divided by a factor by which its weights are multiplied (Xiao et al. 2023, SmoothQuant, section 4).
- What a GELU yields is hardly ever negative. Its zero is not in the middle of the bytes.

Without the first, MiniLM's vectors lose .0022 of cosine, without the second .0011, with both .0007. The table of the
vocabulary's vectors has a scale for each row.
"""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

if TYPE_CHECKING:
    import onnx

Floats = NDArray[np.float32]

MICROSOFT = "com.microsoft"  # ONNX Runtime's own operators
BYTE, STEPS = 255, 127  # of an activation, and on either side of a weight's zero
MIDDLE = 128  # what stands for 0 among unsigned bytes, as the kernels want activations to be
GELU_ZERO, GELU_LEAST = 24, 0.17  # what stands for 0 where nothing is below -.17; 8, 12, 16 and 32 lose more
SMOOTHING = 0.5  # how much of the activations' range goes over to the weights; .3 loses more, .6 and .7 as much
TABLE_ROWS = 4096  # of fewer, three operators instead of one would save less than they cost


def quantize(source: Path, target: Path, probes: Sequence[Mapping[str, NDArray[np.int64]]]) -> None:
    """Write the graph in ``source`` to ``target``, with products and table in int8.

    Args:
        source: an exported model.
        target: the file to write.
        probes: inputs of the graph, on which the components' ranges are seen.
    """
    import onnx
    from onnx import numpy_helper

    model = onnx.load(str(source))
    graph = model.graph
    weights = {each.name: numpy_helper.to_array(each) for each in graph.initializer}
    weights = {name: each for name, each in weights.items() if each.ndim == 2 and each.dtype == np.float32}
    makers = {output: node.op_type for node in graph.node for output in node.output}
    factors = _factors(model, weights, makers, probes)
    built = _Nodes()
    digits: dict[str, tuple[str, str]] = {}  # of each activation, and their scales
    for node in graph.node:
        if node.op_type == "MatMul" and node.input[1] in weights:
            activation, weight = node.input[0], weights[node.input[1]]
            zero = GELU_ZERO if makers.get(activation) == "Gelu" else MIDDLE
            factor = factors.get(activation)
            if activation not in digits:
                digits[activation] = _digits(built, activation, zero, factor, len(weight))
            weight = weight if factor is None else weight * factor[:, None]
            found, scale = digits[activation]
            built.add("Mul", built.product(found, weight, zero), scale, output=node.output[0])
        elif _looks_up(node) and len(weights.get(node.input[0], ())) >= TABLE_ROWS:
            rows, scales = _in_steps(weights[node.input[0]], 1)
            found = built.add("Gather", built.constant(rows), node.input[1])
            scale = built.add("Gather", built.constant(scales), node.input[1])
            built.add("Mul", built.add("Cast", found, to=onnx.TensorProto.FLOAT), scale, output=node.output[0])
        else:
            built.nodes.append(node)
    read = {name for node in built.nodes for name in node.input}
    constants = [each for each in graph.initializer if each.name in read] + built.constants
    del graph.node[:], graph.initializer[:]
    graph.node.extend(built.nodes)
    graph.initializer.extend(constants)
    model.opset_import.append(onnx.helper.make_opsetid(MICROSOFT, 1))
    onnx.save(model, str(target))


class _Nodes:
    """The nodes and constants of a graph in the making; their names are of no other graph's."""

    def __init__(self) -> None:
        self.nodes: list[onnx.NodeProto] = []
        self.constants: list[onnx.TensorProto] = []

    def add(
        self, operator: str, *inputs: str, output: str = "", domain: str = "", **attributes: "int | onnx.TensorProto"
    ) -> str:
        """Add a node and return the name of what it yields."""
        from onnx import helper

        output = output or f"int8 {len(self.nodes)}"
        self.nodes.append(helper.make_node(operator, inputs, [output], None, None, domain, None, **attributes))
        return output

    def constant(self, value: NDArray[Any]) -> str:
        """Add a constant and return its name."""
        from onnx import numpy_helper

        name = f"int8 constant {len(self.constants)}"
        self.constants.append(numpy_helper.from_array(value, name))
        return name

    def product(self, digits: str, weight: Floats, zero: int) -> str:
        """Add the product of an activation's digits and a weight; what it yields lacks the activation's scale."""
        columns, scales = _in_steps(weight, 0)
        constants = (columns, np.array(1, np.float32), scales[0], np.array(zero, np.uint8), np.array(0, np.int8))
        return self.add("MatMulIntegerToFloat", digits, *map(self.constant, constants), domain=MICROSOFT)


def _digits(built: _Nodes, activation: str, zero: int, factor: Floats | None, width: int) -> tuple[str, str]:
    """Add what makes an activation's vectors bytes, each with a scale of its own; return the names of both."""
    from onnx import TensorProto, helper

    if factor is not None:
        activation = built.add("Mul", activation, built.constant(1 / factor))
    sizes = activation if zero == GELU_ZERO else built.add("Abs", activation)
    largest = built.add("ReduceMax", sizes, built.constant(np.array([-1])), keepdims=1)
    scale = built.add("Mul", largest, built.constant(np.array(1 / (BYTE - zero), np.float32)))
    if zero == GELU_ZERO:
        scale = built.add("Max", scale, built.constant(np.array(GELU_LEAST / GELU_ZERO, np.float32)))
    zeros = helper.make_tensor("value", TensorProto.UINT8, [1], [zero])
    middle = built.add("ConstantOfShape", built.add("Shape", scale), value=zeros)
    return built.add("QuantizeLinear", activation, scale, middle, axis=-1, block_size=width), scale


def _looks_up(node: "onnx.NodeProto") -> bool:
    """Return whether a node takes rows of a table."""
    return node.op_type == "Gather" and not any(each.name == "axis" and each.i for each in node.attribute)


def _in_steps(weight: Floats, axis: int) -> tuple[NDArray[np.int8], Floats]:
    """Return a weight as int8, and what each number along the other axis is multiplied by."""
    scales = np.maximum(np.abs(weight).max(axis=axis, keepdims=True), 1e-9) / np.float32(STEPS)
    return np.rint(weight / scales).astype(np.int8), scales.astype(np.float32)


def _factors(
    model: "onnx.ModelProto",
    weights: Mapping[str, Floats],
    makers: Mapping[str, str],
    probes: Sequence[Mapping[str, NDArray[np.int64]]],
) -> dict[str, Floats]:
    """Return what each component of the layer normalisations' yields is divided by, by the yield's name."""
    import onnx
    import onnxruntime

    read: dict[str, list[Floats]] = {}
    for node in model.graph.node:
        if node.op_type == "MatMul" and node.input[1] in weights and makers.get(node.input[0]) == "LayerNormalization":
            read.setdefault(node.input[0], []).append(weights[node.input[1]])
    if not read:
        return {}
    seen = onnx.ModelProto()
    seen.CopyFrom(model)
    del seen.graph.output[:]
    seen.graph.output.extend(onnx.helper.make_tensor_value_info(name, onnx.TensorProto.FLOAT, None) for name in read)
    session = onnxruntime.InferenceSession(seen.SerializeToString(), providers=["CPUExecutionProvider"])
    runs = [session.run(list(read), dict(probe)) for probe in probes]
    found = {}
    for name, several in zip(read, zip(*runs, strict=True), strict=True):
        activations = np.concatenate([each.reshape(-1, each.shape[-1]) for each in several])
        ours = np.maximum(np.abs(activations).max(axis=0), 1e-4)
        theirs = np.maximum(np.max([np.abs(weight).max(axis=1) for weight in read[name]], axis=0), 1e-4)
        found[name] = np.asarray(ours**SMOOTHING / theirs ** (1 - SMOOTHING), np.float32)
    return found
