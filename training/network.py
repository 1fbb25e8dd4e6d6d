"""The student as an ONNX graph of int8 matrices: few large operations, as onnxruntime runs them fastest on a CPU.

Matrices are quantised per output channel with 7 bits: with 8, processors without VNNI saturate and answer differently.
Their inputs are scaled to 8 bits by the range found in the text, so each text runs alone, and there is no padding and
no mask. A few channels are up to fifty times as large as the others and would leave these no steps; they are scaled
down, and their weights up (Xiao et al. 2023, SmoothQuant). The embedding table is int8 with one scale a row.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np
import onnx
import torch
from model import DIMENSION, Student
from onnx import TensorProto, helper, numpy_helper
from torch import Tensor, nn

INPUT, OUTPUT = "input_ids", "last_hidden_state"
OPSET, IR_VERSION = 17, 9
MICROSOFT = "com.microsoft"  # operations that onnxruntime has beside those of ONNX
SMOOTHING = 0.65  # of the difference between channels, what the weights take over; 0.5 and 0.8 agree less
EPSILON = 1e-12  # of every LayerNorm, as in the base


class Graph:
    """Operations and constants in the order in which they are written."""

    def __init__(self) -> None:
        self.nodes: list[onnx.NodeProto] = []
        self.constants: list[onnx.TensorProto] = []

    def constant(self, name: str, values: np.ndarray) -> str:
        self.constants.append(numpy_helper.from_array(np.ascontiguousarray(values), name))
        return name

    def add(self, operation: str, inputs: list[str], outputs: int = 1, domain: str = "", **attributes: object) -> str:
        """Appends an operation and returns the name of its output; of several, the first: `name.0`, `name.1` …"""
        name = f"{operation}.{len(self.nodes)}"
        names = [name] if outputs == 1 else [f"{name}.{i}" for i in range(outputs)]
        self.nodes.append(helper.make_node(operation, inputs, names, domain=domain, **attributes))
        return name

    def linear(self, values: str, name: str, weight: np.ndarray, bias: np.ndarray) -> str:
        """Appends values · weight + bias, with a weight (out, in)."""
        scale = np.maximum(np.abs(weight).max(1), 1e-8) / 64
        steps = np.clip(np.round(weight / scale[:, None]), -64, 64).astype(np.int8)
        inputs = [
            values,
            self.constant(f"{name}.steps", steps.T),
            self.constant(f"{name}.scale", scale),
            self.constant(f"{name}.zero", np.zeros(len(scale), np.int8)),
            self.constant(f"{name}.bias", bias),
        ]
        return self.add("DynamicQuantizeMatMul", inputs, domain=MICROSOFT)

    def smoothed(self, values: str, name: str, weight: np.ndarray, bias: np.ndarray, largest: np.ndarray) -> str:
        """Appends the same, where `largest` (in,) is how large the values get in each channel."""
        share = np.maximum(largest, 1e-5) ** SMOOTHING / np.maximum(np.abs(weight).max(0), 1e-5) ** (1 - SMOOTHING)
        share = (share / np.exp(np.log(share).mean())).astype(np.float32)
        even = self.add("Mul", [values, self.constant(f"{name}.share", 1 / share)])
        return self.linear(even, name, weight * share, bias)

    def norm(self, values: str, name: str, weight: np.ndarray, bias: np.ndarray) -> str:
        inputs = [values, self.constant(f"{name}.weight", weight), self.constant(f"{name}.bias", bias)]
        return self.add("LayerNormalization", inputs, epsilon=EPSILON)


def write_onnx(student: Student, path: Path, samples: Sequence[Tensor]) -> None:
    """Writes the graph token ids (1, length) → token vectors (1, length, 384).

    `samples` are token ids (1, length) of texts by which it is told which channels are large.
    """
    largest = measure_inputs(student, samples)
    state = {name: tensor.float().numpy() for name, tensor in student.body.state_dict().items()}
    graph = Graph()
    hidden = _embeddings(graph, state)
    width = graph.constant("width", np.full(3, DIMENSION, np.int64))
    config = student.body.config
    for number in range(config.num_hidden_layers):
        layer = f"encoder.layer.{number}"
        hidden = _layer(graph, state, layer, hidden, width, config.num_attention_heads, largest)
    graph.nodes.append(helper.make_node("Identity", [hidden], [OUTPUT]))
    model = helper.make_model(
        helper.make_graph(
            graph.nodes,
            "kuaida",
            [helper.make_tensor_value_info(INPUT, TensorProto.INT64, ["batch", "length"])],
            [helper.make_tensor_value_info(OUTPUT, TensorProto.FLOAT, ["batch", "length", DIMENSION])],
            graph.constants,
        ),
        opset_imports=[helper.make_opsetid("", OPSET), helper.make_opsetid(MICROSOFT, 1)],
        ir_version=IR_VERSION,
    )
    onnx.save(model, path)


def _embeddings(graph: Graph, state: dict[str, np.ndarray]) -> str:
    table = state["embeddings.word_embeddings.weight"]
    scale = np.maximum(np.abs(table).max(1, keepdims=True), 1e-8) / 127
    steps = graph.constant("table", np.round(table / scale).astype(np.int8))
    rows = graph.add("Cast", [graph.add("Gather", [steps, INPUT])], to=TensorProto.FLOAT)
    words = graph.add("Mul", [rows, graph.add("Gather", [graph.constant("scale", scale), INPUT])])
    places = state["embeddings.position_embeddings.weight"] + state["embeddings.token_type_embeddings.weight"][0]
    length = graph.add("Shape", [INPUT], start=1, end=2)
    zero = graph.constant("zero", np.zeros(1, np.int64))
    positions = graph.add("Slice", [graph.constant("positions", places), zero, length, zero])
    name = "embeddings.LayerNorm"
    return graph.norm(graph.add("Add", [words, positions]), name, state[f"{name}.weight"], state[f"{name}.bias"])


def _layer(
    graph: Graph,
    state: dict[str, np.ndarray],
    layer: str,
    hidden: str,
    width: str,
    heads: int,
    largest: dict[str, np.ndarray],
) -> str:
    """Appends one layer; the three projections of attention are one matrix."""

    def parameters(*parts: str) -> tuple[np.ndarray, np.ndarray]:
        weight, bias = ([state[f"{layer}.{part}.{kind}"] for part in parts] for kind in ("weight", "bias"))
        return np.concatenate(weight), np.concatenate(bias)

    def large(values: str, *parts: str) -> str:
        return graph.smoothed(values, f"{layer}.{parts[0]}", *parameters(*parts), largest[f"{layer}.{parts[0]}"])

    projected = large(hidden, *(f"attention.self.{part}" for part in ("query", "key", "value")))
    split = graph.add("Split", [projected, width], outputs=3, axis=2)
    context = graph.add("MultiHeadAttention", [f"{split}.{i}" for i in range(3)], domain=MICROSOFT, num_heads=heads)

    def added(values: str, part: str) -> str:
        """Appends the norm of what came into a part of the layer and what the part makes of it."""
        return graph.norm(graph.add("Add", [values, hidden]), f"{layer}.{part}", *parameters(f"{part}.LayerNorm"))

    out = "attention.output.dense"
    hidden = added(graph.linear(context, f"{layer}.{out}", *parameters(out)), "attention.output")
    inner = graph.add("Gelu", [large(hidden, "intermediate.dense")], domain=MICROSOFT)
    return added(large(inner, "output.dense"), "output")


def measure_inputs(student: Student, samples: Sequence[Tensor]) -> dict[str, np.ndarray]:
    """Returns for each matrix, by its name, how large its inputs get in each channel (in,) over some texts."""
    largest: dict[str, Tensor] = {}

    def watch(name: str) -> Callable[[nn.Module, tuple[Tensor, ...], Tensor], None]:
        def note(_module: nn.Module, inputs: tuple[Tensor, ...], _output: Tensor) -> None:
            found = inputs[0].abs().amax(tuple(range(inputs[0].dim() - 1)))
            largest[name] = torch.maximum(largest.get(name, found), found)

        return note

    linear = [(name, part) for name, part in student.body.named_modules() if isinstance(part, nn.Linear)]
    watches = [part.register_forward_hook(watch(name)) for name, part in linear]
    with torch.no_grad():
        for ids in samples:
            student.body(input_ids=ids, attention_mask=torch.ones_like(ids))
    for one in watches:
        one.remove()
    return {name: found.numpy() for name, found in largest.items()}
