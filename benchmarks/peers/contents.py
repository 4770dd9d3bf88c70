"""Which rows each part has. A peer is added here, and its work in `benchmarks/peers/works/`."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType
from typing import Any

from alexnet_pipe.base.startup import XLA_WITHOUT_YNN
from benchmarks.peers.peer import Entry

CLASSES = 1000
IMAGES = 512
"""What a loader delivers in a repetition, about; ours, which would be done too soon, sixteen times as many."""

_WORKS = "benchmarks.peers.works"
_NOTHING: Mapping[str, str] = MappingProxyType({})
_JAX = MappingProxyType({"KERAS_BACKEND": "jax", "XLA_FLAGS": XLA_WITHOUT_YNN})
_TENSORFLOW = MappingProxyType({"KERAS_BACKEND": "tensorflow"})


@dataclass(frozen=True)
class Setting:
    """What all rows share.

    Attributes:
        material: The folder of `benchmarks.peers.material`.
        ours: The interpreter of this project's environment.
        theirs: That of the peers'.
        batch: Images.
        width: Of the network.
    """

    material: Path
    ours: Path
    theirs: Path
    batch: int
    width: float

    def our(self, name: str, work: str, backend: Mapping[str, str] = _TENSORFLOW, **options: Any) -> Entry:
        """A row of this project's."""
        precision = "bfloat16" if options.get("precision") == "mixed_bfloat16" else "float32"
        return Entry(f"ours, {name}", self.ours, f"{_WORKS}.{work}", options, True, precision, backend)  # type: ignore[arg-type]

    def peer(self, name: str, work: str, environment: Mapping[str, str] = _NOTHING, **options: Any) -> Entry:
        """A row of another's."""
        precision = "bfloat16" if options.get("bfloat16") else "float32"
        return Entry(name, self.theirs, f"{_WORKS}.{work}", options, False, precision, environment)  # type: ignore[arg-type]


_PLAIN: dict[str, Any] = {
    "normalization": "published",
    "channels_last": False,
    "bfloat16": False,
    "compiled": False,
    "tuned": False,
}
TORCH: dict[str, dict[str, Any]] = {
    "PyTorch": _PLAIN,
    "PyTorch, channels_last": _PLAIN | {"channels_last": True},
    "PyTorch, bf16": _PLAIN | {"bfloat16": True},
    "PyTorch, torch.compile": _PLAIN | {"compiled": True},
    "PyTorch, channels_last, bf16": _PLAIN | {"channels_last": True, "bfloat16": True},
    "PyTorch, channels_last, torch.compile": _PLAIN | {"channels_last": True, "compiled": True},
}
_ALL = {"channels_last": True, "compiled": True, "tuned": True}
BEST: dict[str, dict[str, Any]] = {
    "PyTorch, all but bf16": _PLAIN | _ALL,
    "PyTorch, all together": _PLAIN | _ALL | {"bfloat16": True},
    "PyTorch, all but bf16, LRN as a convolution": _PLAIN | _ALL | {"normalization": "banded"},
    "PyTorch, all together, LRN as a convolution": _PLAIN | _ALL | {"bfloat16": True, "normalization": "banded"},
}
"""All together: channels_last, bf16, torch.compile, and the update as one operation."""


def step(setting: Setting) -> dict[str, list[Entry]]:
    """A training step of the same network on a constant batch."""
    network = _network(setting) | {"batch": setting.batch}
    ours = [
        setting.our(name, "ours:step", backend, precision=precision, **network) for name, precision, backend in _OURS
    ]
    theirs = [setting.peer(name, "pytorch:step", **network, **options) for name, options in (TORCH | BEST).items()]
    return {f"Training step, batch {setting.batch}": [*theirs, *ours]}


_OURS = (
    ("float32", "float32", _TENSORFLOW),
    ("bf16", "mixed_bfloat16", _TENSORFLOW),
    ("JAX", "float32", _JAX),
    ("JAX, bf16", "mixed_bfloat16", _JAX),
)


def inference(setting: Setting) -> dict[str, list[Entry]]:
    """Probabilities of whole images, a few at a time."""
    return {f"Inference, batch {batch}": _inference(setting, batch) for batch in sorted({1, min(64, setting.batch)})}


def _inference(setting: Setting, batch: int) -> list[Entry]:
    common = _network(setting) | {"batch": batch, "calls": max(1, 16 // batch)}
    compiled = _PLAIN | {"channels_last": True, "compiled": True}
    exported = common | {"onnx": str(setting.material / "alexnet.onnx")}
    return [
        setting.peer("PyTorch, eager", "pytorch:inference", **common, **_PLAIN),
        setting.peer("PyTorch, torch.compile", "pytorch:inference", **common, **_PLAIN | {"compiled": True}),
        setting.peer(
            "PyTorch, channels_last, torch.compile, weights frozen",
            "pytorch:inference",
            {"TORCHINDUCTOR_FREEZING": "1"},
            **common,
            **compiled,
        ),
        setting.peer("ONNX Runtime, our export", "runtimes:onnx_runtime", **exported),
        setting.peer("OpenVINO, our export", "runtimes:openvino", **exported),
        setting.our("Keras on TensorFlow", "ours:inference", **common),
        setting.our("Keras on JAX", "ours:inference", _JAX, **common),
    ]


def loaders(setting: Setting) -> dict[str, list[Entry]]:
    """Batches of random crops, some of them mirrored, as bytes."""
    common: dict[str, Any] = {"batch": setting.batch, "batches": max(2, IMAGES // setting.batch)}
    jpegs = common | {"folder": str(setting.material / "jpegs")}
    archives = str(setting.material / "archives" / "{0..3}.tar")
    ours = common | {"batches": 16 * common["batches"], "store": str(setting.material / "store")}
    theirs = {
        "torchvision": ("torchvision_loaders:load", _torchvision(setting, "jpegs", "pillow")),
        "torchvision, its own decoder": ("torchvision_loaders:load", _torchvision(setting, "jpegs", "torchvision")),
        "torchvision, photographs as they are": (
            "torchvision_loaders:load",
            _torchvision(setting, "photographs", "torchvision"),
        ),
        "grain, processes": ("loaders:grain", jpegs | {"processes": True}),
        "grain, threads": ("loaders:grain", jpegs | {"processes": False}),
        "webdataset": ("loaders:webdataset", {"archives": archives}),
    }
    return {
        f"Loaders, batch {setting.batch}": [
            *(setting.peer(name, work, **common | options) for name, (work, options) in theirs.items()),
            Entry("tf.data, decode_and_crop_jpeg", setting.ours, f"{_WORKS}.tensorflow_loader:load", jpegs),
            setting.our("the store", "ours:load", **ours),
        ]
    }


def end_to_end(setting: Setting) -> dict[str, list[Entry]]:
    """Training steps on what a loader delivers."""
    common = _network(setting) | {"batch": setting.batch, "batches": 4}
    theirs = [
        setting.peer(f"torchvision{kind}; {name}", "pytorch:end_to_end", **common, **options, **read)
        for name, options in BEST.items()
        for kind, read in (
            (", 256×256 JPEGs", _torchvision(setting, "jpegs", "torchvision")),
            (", photographs as they are", _torchvision(setting, "photographs", "torchvision")),
        )
        if options["normalization"] == "banded"
    ]
    store = common | {"store": str(setting.material / "store")}
    ours = [
        setting.our(f"the store; {name}", "ours:end_to_end", backend, precision=precision, **store)
        for name, precision, backend in _OURS
    ]
    return {f"Training from photographs, batch {setting.batch}": [*theirs, *ours]}


def preparation(setting: Setting) -> dict[str, list[Entry]]:
    """Photographs in memory to 256×256, on one core."""
    tables = {"Preparation, one core": ("photographs", 64), "Preparation of 4,000×3,000 JPEGs, one core": ("large", 4)}
    return {
        title: _preparation(setting, {"folder": str(setting.material / folder), "images": images})
        for title, (folder, images) in tables.items()
    }


def _preparation(setting: Setting, common: dict[str, Any]) -> list[Entry]:
    return [
        setting.peer("Pillow", "decoders:pillow", **common, reduced=False),
        setting.peer("Pillow, JPEGs decoded reduced", "decoders:pillow", **common, reduced=True),
        setting.peer("torchvision", "decoders:torchvision", **common),
        setting.peer("OpenCV", "decoders:opencv", **common, reduced=False),
        setting.peer("OpenCV, JPEGs decoded reduced", "decoders:opencv", **common, reduced=True),
        setting.our("decode and resize", "ours:prepare", **common),
    ]


PARTS: Mapping[str, tuple[Callable[[Setting], dict[str, list[Entry]]], tuple[str, ...]]] = MappingProxyType(
    {
        "step": (step, ("reference",)),
        "inference": (inference, ("reference", "onnx")),
        "loaders": (loaders, ("photographs",)),
        "end-to-end": (end_to_end, ("reference", "photographs")),
        "preparation": (preparation, ("photographs", "large")),
    }
)
"""By name: the tables of a part, and what of `benchmarks.peers.material` they need."""


def _network(setting: Setting) -> dict[str, Any]:
    reference = str(setting.material / "reference.npz")
    return {"reference": reference, "width": setting.width, "classes": CLASSES}


def _torchvision(setting: Setting, folder: str, decoder: str) -> dict[str, Any]:
    return {"folder": str(setting.material / folder), "resize": folder == "photographs", "decoder": decoder}
