"""Operations and constants of an ONNX graph, and how its weights, and what its layers hand on, are stored."""

from typing import Any

import numpy as np
from numpy.typing import NDArray
from onnx import TensorProto, helper, numpy_helper

from alexnet_pipe.params.model import VARIANTS
from alexnet_pipe.portable.stored_model import Stored

LARGEST_INTEGER = 64
"""Of a kernel. Processors without VNNI add two products of uint8 and int8 in 16 bits, which hold 2 × 255 × 64."""


class GraphParts:
    """Adds one operation after another; a value has the name of the operation that gives it.

    Attributes:
        nodes: The operations, in order.
        constants: The constants, in order.
        is_rounded: Whether kernels are in other types than float32.
        is_integer: Whether they are in int8; then what layers hand on is in uint8.
    """

    def __init__(self, stored: Stored, outside: dict[str, NDArray[np.float32]] | None) -> None:
        self.outside = outside
        self.arrays = stored.arrays
        self.variant = VARIANTS[stored.description.variant]
        self.scale = stored.description.input_scale
        self.temperature = stored.description.temperature
        self.is_integer = stored.arrays["fc8.0"].dtype == np.int8
        self.is_rounded = stored.arrays["fc8.0"].dtype != np.float32
        self.levels: dict[str, str] = {}
        """Of what is in uint8: the value whose step and zero it has."""
        self.nodes: list[Any] = []
        self.constants: list[Any] = []

    def add(self, operation: str, inputs: list[str], name: str, **attributes: Any) -> str:
        self.nodes.append(helper.make_node(operation, inputs, [name], name, **attributes))
        return name

    def constant(self, name: str, values: Any) -> str:
        self.constants.append(numpy_helper.from_array(np.asarray(values, order="C"), name))
        return name

    def integers(self, name: str, *values: int) -> str:
        return self.constant(name, np.array(values, np.int64))

    def kernel(self, layer: str) -> str:
        """In float32, whatever it is stored in."""
        name, values = f"{layer}.kernel", self.arrays[f"{layer}.0"]
        if values.ndim == 4:
            values = values.transpose(3, 2, 0, 1)
        if self.is_integer:
            return self.dequantized(name, values, self.arrays[f"{layer}.step"])
        if self.is_rounded:
            return self.add("Cast", [self.constant(name, values)], f"{layer}.weights", to=TensorProto.FLOAT)
        if layer == "conv1":
            values = values * np.float32(self.scale)
        return self.constant(name, values) if self.outside is None or values.ndim == 4 else self.placed(name, values)

    def bias(self, x: str, layer: str) -> str:
        """In float32; stored in int32 it has the step of the products, whose sums it is added to."""
        name, units = f"{layer}.bias", self.arrays[f"{layer}.0"].shape[-1]
        if self.is_integer:
            steps = self.arrays[f"{self.levels[x]}.step"] * self.arrays[f"{layer}.step"]
            return self.dequantized(name, self.arrays[f"{layer}.1"], steps)
        return self.constant(name, self.arrays.get(f"{layer}.1", np.zeros(units, np.float32)))

    def dequantized(self, name: str, values: NDArray[np.generic], steps: NDArray[np.float32]) -> str:
        """Integers times the steps of their units: of a matrix the last axis, else the first."""
        # ONNX Runtime multiplies matrices of integers only where their zero is told, even if it is 0.
        parts = {name: values, f"{name}.step": steps, f"{name}.zero": np.zeros(steps.shape, values.dtype)}
        inputs = [self.constant(*part) for part in parts.items()]
        return self.add("DequantizeLinear", inputs, f"{name}.float", axis=int(values.ndim == 2))

    def handed_on(self, x: str) -> str:
        """`x`, in uint8 where kernels are in int8."""
        if not self.is_integer:
            return x
        levels = [self.constant(f"{x}.{part}", self.arrays[f"{x}.{part}"]) for part in ("step", "zero")]
        self.levels[f"{x}.levels"] = x
        return self.add("QuantizeLinear", [x, *levels], f"{x}.levels")

    def read(self, x: str, name: str) -> str:
        """What was handed on, in float32, as the value `name`."""
        if not self.is_integer:
            return x
        levels = [f"{self.levels[x]}.{part}" for part in ("step", "zero")]
        return self.add("DequantizeLinear", [x, *levels], name)

    def moved(self, operation: str, x: str, name: str, *inputs: str, **attributes: Any) -> str:
        """An operation that computes nothing: what was in uint8 stays so."""
        if x in self.levels:
            self.levels[name] = self.levels[x]
        return self.add(operation, [x, *inputs], name, **attributes)

    def placed(self, name: str, values: NDArray[np.float32]) -> str:
        """A constant that lies in `outside`."""
        assert self.outside is not None
        self.outside[name] = values
        place = TensorProto(name=name, dims=values.shape, data_type=TensorProto.FLOAT)
        place.data_location = TensorProto.EXTERNAL
        place.external_data.add(key="location", value="memory")
        self.constants.append(place)
        return name
