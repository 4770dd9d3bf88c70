"""`alexnet-pipe export`: a model as files for programs that know nothing of this project."""

import os
import zipfile
from pathlib import Path
from typing import Annotated

import typer

from alexnet_pipe.base.errors import UserError
from alexnet_pipe.base.paths import Artifacts
from alexnet_pipe.base.progress import say
from alexnet_pipe.base.signals import keeping_nothing
from alexnet_pipe.base.startup import without_notices
from alexnet_pipe.base.terminal import output_console
from alexnet_pipe.cli.models import MODEL, MODEL_HELP
from alexnet_pipe.exporting import Format


@keeping_nothing()
def export(
    to: Annotated[Format, typer.Option("--format", help="What to export to.")],
    model: Annotated[str, typer.Option(metavar="MODEL", help=MODEL_HELP)] = MODEL,
    out: Annotated[Path | None, typer.Option(help="Where to; beside the model if nothing is said.")] = None,
) -> None:
    """Write a model for programs that know nothing of this project: 256×256 images in, probabilities out.

    What is written is compared with the model each time: on a few images; of int8 on the test images of this project,
    of which it may lose less than half a per cent.
    """
    from alexnet_pipe.serving.named_files import model_file

    file = Path(model if Path(model).is_file() else MODEL)
    path = out or to.beside(file)
    _refuse_to_replace(path, to, file)
    with model_file(model) as found:
        if _is_export(found, Format.ONNX):
            raise UserError(f"{found} is an export already: name the .keras file that it was made of")
        outcome = _write_int8(found, to, path) if to.numbers == "int8" else _write_export(found, to, path)
    say(f"export: {path}, {_bytes(path) / 1e6:,.1f} MB, {outcome}")


def _write_export(model: Path, to: Format, path: Path) -> str:
    # The converters take TensorFlow's graphs, whatever backend the model was trained on. A GPU may be at work for a
    # training, and would round to TF32, which the check would take for an error.
    os.environ |= {"KERAS_BACKEND": "tensorflow", "CUDA_VISIBLE_DEVICES": "-1"}
    with without_notices():
        from alexnet_pipe.exporting.write_export import photographs_for_testing, write_export
        from alexnet_pipe.model.model_file import load_model

        classifier = load_model(model)
    return write_export(classifier, to, path, photographs_for_testing(Artifacts().images))


def _write_int8(model: Path, to: Format, path: Path) -> str:
    from alexnet_pipe.exporting.integers import write_int8
    from alexnet_pipe.exporting.measured import form_table
    from alexnet_pipe.portable.stored_model import read_stored

    artifacts = Artifacts()
    found = write_int8(read_stored(model), artifacts, to, path)
    output_console().print(form_table(found))
    return f"checked on {found['examples']:,} test images"


def _refuse_to_replace(path: Path, to: Format, model: Path) -> None:
    """An export takes the place of one of its kind, and of nothing else that could be missed."""
    if path.exists() and model.exists() and path.samefile(model):
        raise UserError(f"{path} is the model itself: name another place with --out")
    if path.is_dir() and not (to is Format.SAVED_MODEL and (path / "saved_model.pb").exists()):
        raise UserError(f"{path} is a folder of other things: name another place with --out")
    if path.is_file() and to is Format.SAVED_MODEL:
        raise UserError(f"{path} is a file, and a SavedModel is a folder: name another place with --out")
    if path.is_file() and not _is_export(path, to):
        raise UserError(f"{path} is another file: name another place with --out")


def _is_export(path: Path, to: Format) -> bool:
    with path.open("rb") as file:
        start = file.read(8)
    if to.kind == Format.BUNDLE:
        return zipfile.is_zipfile(path) and "alexnet/model.onnx" in zipfile.ZipFile(path).namelist()
    return start.startswith(b"\x08") if to.kind == Format.ONNX else start[4:] == b"TFL3"


def _bytes(path: Path) -> int:
    files = path.rglob("*") if path.is_dir() else [path]
    return sum(file.stat().st_size for file in files if file.is_file())
