"""A network in float32, float16 and int8: how many images a second, how many bytes, and how its logits differ.

    python -m benchmarks.forms [MODEL.keras] [--images data/images] [--others]

Without a model it is `paper` at full width with random weights. One thread is timed by the processor time that it took,
so that ratios hold on a machine that does other things as well. `--others` are forms that were tried and not taken.
"""

import argparse
import time
from collections.abc import Callable, Mapping
from functools import partial
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import numpy as np
import onnx
from numpy.typing import NDArray

from alexnet_pipe.exporting.integers import FLOAT16, FLOAT32, INT8, OneBatch, ranges
from alexnet_pipe.exporting.onnx_forms import asked, graph_file, session
from alexnet_pipe.params.model import kernel_shapes
from alexnet_pipe.params.section import Framing
from alexnet_pipe.portable.description import Description
from alexnet_pipe.portable.onnx_graph import IMAGES, LOGITS, onnx_graph
from alexnet_pipe.portable.rounded import in_float16, in_int8, without_batch_normalization
from alexnet_pipe.portable.stored_model import Stored, read_stored
from alexnet_pipe.portable.stored_weights import MEAN
from alexnet_pipe.store.image_store import ImageStore
from benchmarks.measure import by_turns, processor

REPEATS = {1: 15, 32: 5}
_CLASSES = 1000
_WINDOWS = ("norm1.scale", "norm2.scale")


def random_network() -> Stored:
    """`paper` at full width, with the weights that `he` draws."""
    description = Description(
        variant="paper",
        width=1.0,
        initialisation="he",
        input_scale=1 / 64,
        seed=0,
        name="random",
        classes=[str(label) for label in range(_CLASSES)],
        resize=Framing(policy="crop", background="white"),
    )
    random = np.random.default_rng(0)
    arrays = {MEAN: np.full((256, 256, 3), 120, np.float32)}
    for layer, shape in kernel_shapes("paper", 1.0, _CLASSES).items():
        spread = np.float32(np.sqrt(2 / np.prod(shape[:-1])))
        arrays |= {f"{layer}.0": spread * random.standard_normal(shape, np.float32)}
        arrays |= {f"{layer}.1": np.full(shape[-1:], 0.1, np.float32)}
    return Stored(description, arrays)


def own_forms(stored: Stored, images: ImageStore) -> dict[str, bytes]:
    """What `alexnet-pipe export` writes."""
    return {
        FLOAT32: graph_file(stored),
        FLOAT16: graph_file(stored, in_float16(stored)),
        INT8: graph_file(stored, in_int8(stored, ranges(stored, images))),
    }


def other_forms(stored: Stored, images: ImageStore) -> dict[str, bytes]:
    """What `onnxruntime.quantization` makes of the same network by other ways."""
    from onnxruntime.quantization import QuantFormat, QuantType, quantize_static

    layers = ["Conv", "Gemm", "MaxPool", "Relu", "Transpose", "Flatten"]
    floats = {"nodes_to_exclude": list(_WINDOWS)}
    ways: dict[str, dict[str, Any]] = {
        "±127": {},
        "windows in float32": floats,
        "conv1 in float32": {"nodes_to_exclude": ["conv1"]},
        "QOperator": {"quant_format": QuantFormat.QOperator},
        "int8 handed on": {"activation_type": QuantType.QInt8},
    }
    made = {}
    with TemporaryDirectory() as folder:
        plain, result = Path(folder, "plain.onnx"), Path(folder, "result.onnx")
        onnx.save(onnx_graph(without_batch_normalization(stored)), plain)
        for name, way in ways.items():
            options = {"activation_type": QuantType.QUInt8, "weight_type": QuantType.QInt8, "per_channel": True, **way}
            batch = OneBatch(images.gather(range(16)))
            quantize_static(plain, result, batch, op_types_to_quantize=layers, **options)
            made[name] = result.read_bytes()
    return made


def show_speeds(graphs: Mapping[str, bytes], images: NDArray[np.uint8]) -> None:
    """Print images a second, and how many times float32's, by turns."""
    for threads, clock in ((1, time.thread_time), (0, time.perf_counter)):
        sessions = {name: session(graph, threads) for name, graph in graphs.items()}
        for size in REPEATS:
            works: dict[str, Callable[[], object]] = {
                name: partial(asked, network, images[:size]) for name, network in sessions.items()
            }
            found = by_turns(works, REPEATS[size], warm_up=1, clock=clock)
            whole = found[FLOAT32].median
            print(f"  {'one thread' if threads else 'all threads'}, {size} together")
            for name, times in found.items():
                print(f"    {name:20} {size / times.median:7,.1f} images/s   {whole / times.median:.2f} times float32")


def show_differences(graphs: Mapping[str, bytes], images: NDArray[np.uint8]) -> None:
    """Print bytes, and how far logits are from float32's."""
    logits = {name: session(graph).run([LOGITS], {IMAGES: images})[0] for name, graph in graphs.items()}
    spread = logits[FLOAT32].std()
    for name, found in logits.items():
        away = np.abs(found - logits[FLOAT32]).mean() / spread
        print(f"  {name:20} {len(graphs[name]) / 1e6:7,.1f} MB   logits differ by {away:.2%} of their spread")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("model", type=Path, nargs="?")
    parser.add_argument("--images", type=Path, default=Path("data/images"))
    parser.add_argument("--others", action="store_true")
    asked_for = parser.parse_args()
    stored = read_stored(asked_for.model) if asked_for.model else random_network()
    images = ImageStore.open(asked_for.images, "train")
    graphs = own_forms(stored, images) | (other_forms(stored, images) if asked_for.others else {})
    description = stored.description
    print(f"{description.variant}, width {description.width:g}, {len(description.classes):,} classes; {processor()}")
    batch = images.gather(range(max(REPEATS)))
    show_differences(graphs, batch)
    show_speeds(graphs, batch)


if __name__ == "__main__":
    main()
