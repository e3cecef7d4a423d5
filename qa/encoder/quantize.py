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

NORMALIZED = "LayerNormalization"
MICROSOFT = "com.microsoft"  # ONNX Runtime's own operators
BYTE, STEPS = 255, 127  # of an activation, and on either side of a weight's zero
MIDDLE = 128  # what stands for 0 among unsigned bytes, as the kernels want activations to be
GELU_ZERO, GELU_LEAST = 16, 0.17  # what stands for 0 where nothing is below -.17
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
    products: dict[str, dict[str, Floats]] = {}  # of each activation: what they yield, and the weights
    for node in graph.node:
        if node.op_type == "MatMul" and node.input[1] in weights:
            products.setdefault(node.input[0], {})[node.output[0]] = weights[node.input[1]]
    factors = _factors(model, {name: own for name, own in products.items() if makers.get(name) == NORMALIZED}, probes)
    replaced = {output for own in products.values() for output in own}
    built = _Nodes()
    for node in graph.node:
        if node.output[0] in replaced:
            if own := products.pop(node.input[0], None):  # all of an activation's at once
                zero = GELU_ZERO if makers.get(node.input[0]) == "Gelu" else MIDDLE
                built.multiply(node.input[0], own, zero, factors.get(node.input[0]))
        elif _looks_up(node) and len(weights.get(node.input[0], ())) >= TABLE_ROWS:
            rows, scales = _in_steps(weights[node.input[0]], 1)
            found = built.add("Gather", built.constant(rows), node.input[1])
            scale = built.add("Gather", built.constant(scales), node.input[1])
            built.add("Mul", built.add("Cast", found, to=onnx.TensorProto.FLOAT), scale, outputs=node.output)
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
        self,
        operator: str,
        *inputs: str,
        outputs: Sequence[str] = (),
        domain: str = "",
        **attributes: "int | onnx.TensorProto",
    ) -> str:
        """Add a node and return the name of the first of its ``outputs``, or of the one that it gets."""
        from onnx import helper

        outputs = outputs or [f"int8 {len(self.nodes)}"]
        self.nodes.append(helper.make_node(operator, inputs, outputs, None, None, domain, None, **attributes))
        return outputs[0]

    def constant(self, value: NDArray[Any]) -> str:
        """Add a constant and return its name."""
        from onnx import numpy_helper

        name = f"int8 constant {len(self.constants)}"
        self.constants.append(numpy_helper.from_array(value, name))
        return name

    def multiply(self, activation: str, weights: Mapping[str, Floats], zero: int, factor: Floats | None) -> None:
        """Add the products of an activation and of the weights, which are given by the names of what they yield."""
        whole = np.concatenate(list(weights.values()), axis=1)
        if factor is not None:
            activation = self.add("Mul", activation, self.constant(1 / factor))
            whole = whole * factor[:, None]
        digits, scale = self._digits(activation, zero, len(whole))
        columns, scales = _in_steps(whole, 0)
        constants = (columns, np.array(1, np.float32), scales[0], np.array(zero, np.uint8), np.array(0, np.int8))
        product = self.add("MatMulIntegerToFloat", digits, *map(self.constant, constants), domain=MICROSOFT)
        outputs = list(weights)
        if len(outputs) == 1:
            self.add("Mul", product, scale, outputs=outputs)
        else:
            widths = self.constant(np.array([weight.shape[1] for weight in weights.values()]))
            self.add("Split", self.add("Mul", product, scale), widths, outputs=outputs, axis=-1)

    def _digits(self, activation: str, zero: int, width: int) -> tuple[str, str]:
        """Add what makes an activation's vectors bytes, each with a scale of its own; return the names of both."""
        from onnx import TensorProto, helper

        sizes = activation if zero == GELU_ZERO else self.add("Abs", activation)
        largest = self.add("ReduceMax", sizes, self.constant(np.array([-1])), keepdims=1)
        scale = self.add("Mul", largest, self.constant(np.array(1 / (BYTE - zero), np.float32)))
        if zero == GELU_ZERO:
            scale = self.add("Max", scale, self.constant(np.array(GELU_LEAST / GELU_ZERO, np.float32)))
        zeros = helper.make_tensor("value", TensorProto.UINT8, [1], [zero])
        middle = self.add("ConstantOfShape", self.add("Shape", scale), value=zeros)
        return self.add("QuantizeLinear", activation, scale, middle, axis=-1, block_size=width), scale


def _looks_up(node: "onnx.NodeProto") -> bool:
    """Return whether a node takes rows of a table."""
    return node.op_type == "Gather" and not any(each.name == "axis" and each.i for each in node.attribute)


def _in_steps(weight: Floats, axis: int) -> tuple[NDArray[np.int8], Floats]:
    """Return a weight as int8, and what each number along the other axis is multiplied by."""
    scales = np.maximum(np.abs(weight).max(axis=axis, keepdims=True), 1e-9) / np.float32(STEPS)
    return np.rint(weight / scales).astype(np.int8), scales.astype(np.float32)


def _factors(
    model: "onnx.ModelProto",
    products: Mapping[str, Mapping[str, Floats]],
    probes: Sequence[Mapping[str, NDArray[np.int64]]],
) -> dict[str, Floats]:
    """Return what each component of the activations is divided by, given all products of each."""
    import onnx
    import onnxruntime

    if not products:
        return {}
    seen = onnx.ModelProto()
    seen.CopyFrom(model)
    del seen.graph.output[:]
    seen.graph.output.extend(
        onnx.helper.make_tensor_value_info(name, onnx.TensorProto.FLOAT, None) for name in products
    )
    session = onnxruntime.InferenceSession(seen.SerializeToString(), providers=["CPUExecutionProvider"])
    runs = [session.run(list(products), dict(probe)) for probe in probes]
    found = {}
    for (name, own), several in zip(products.items(), zip(*runs, strict=True), strict=True):
        activations = np.concatenate([each.reshape(-1, each.shape[-1]) for each in several])
        ours = np.maximum(np.abs(activations).max(axis=0), 1e-4)
        theirs = np.maximum(np.abs(np.concatenate(list(own.values()), axis=1)).max(axis=1), 1e-4)
        found[name] = np.asarray(ours**SMOOTHING / theirs ** (1 - SMOOTHING), np.float32)
    return found
