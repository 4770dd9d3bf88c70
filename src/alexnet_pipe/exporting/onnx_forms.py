"""A classifier as ONNX files, and as bundles of one and a program, with kernels in float32, float16 or int8."""

import zipfile
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import numpy as np
import onnxruntime
from numpy.typing import NDArray

from alexnet_pipe.exporting import standalone
from alexnet_pipe.portable.description import Notes
from alexnet_pipe.portable.onnx_graph import IMAGES, PROBABILITIES, onnx_graph
from alexnet_pipe.portable.stored_model import Stored, notes_of
from alexnet_pipe.reporting.templates import rendered


def graph_file(stored: Stored, rounded: Stored | None = None) -> bytes:
    """The bytes of an ONNX file, with the numbers of `rounded` if it is given, as `portable.rounded` makes it.

    Class names and preparation are its metadata properties.
    """
    return onnx_graph(rounded or stored, notes=notes_of(stored)).SerializeToString(deterministic=True)


def save_graph(graph: bytes, notes: Notes, path: Path) -> None:
    """Only the ONNX file."""
    path.write_bytes(graph)


def save_bundle(graph: bytes, notes: Notes, path: Path) -> None:
    """A zip archive with the ONNX file, a program that asks it (`exporting.standalone`), and how to use both."""
    entries = {
        "model.onnx": graph,
        "predict.py": Path(standalone.__file__).read_bytes(),
        "README.md": rendered("exporting/bundle.md.j2", notes=notes).encode("utf-8", "backslashreplace"),
    }
    with zipfile.ZipFile(path, "w") as archive:
        for name, content in entries.items():
            archive.writestr(zipfile.ZipInfo(f"alexnet/{name}"), content)


def run_bundle(path: Path, images: NDArray[np.uint8]) -> NDArray[np.float32]:
    """What the network in a bundle says of `images`."""
    with TemporaryDirectory() as folder, zipfile.ZipFile(path) as archive:
        return run_onnx(Path(archive.extract("alexnet/model.onnx", folder)), images)


def run_onnx(path: Path, images: NDArray[np.uint8]) -> NDArray[np.float32]:
    """What an ONNX file says of `images`."""
    return asked(session(path), images)


def session(graph: Path | bytes, threads: int = 0) -> Any:
    """ONNX Runtime's, of a file or its bytes, on the processor; on all of its cores if `threads` is 0."""
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = threads
    return onnxruntime.InferenceSession(graph, options, providers=["CPUExecutionProvider"])


def asked(network: Any, images: NDArray[np.uint8]) -> NDArray[np.float32]:
    """The probabilities, float32 `(n, classes)`, that a session gives of images, uint8 `(n, 256, 256, 3)`."""
    probabilities: NDArray[np.float32] = network.run([PROBABILITIES], {IMAGES: images})[0]
    return probabilities
