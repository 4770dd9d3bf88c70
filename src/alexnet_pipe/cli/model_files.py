"""`alexnet-pipe import-weights` and `export`: models of others in, ours out."""

import os
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from alexnet_pipe.base.errors import UserError
from alexnet_pipe.base.progress import progress, say
from alexnet_pipe.base.startup import without_notices
from alexnet_pipe.cli.predict import MODEL, MODEL_HELP
from alexnet_pipe.exporting import Format

if TYPE_CHECKING:
    from alexnet_pipe.pretrained.published import Published

_SUFFIX = ".keras"


def import_weights(
    file: Annotated[
        Path,
        typer.Argument(
            metavar="FILE", help="bvlc_alexnet.npy, a .caffemodel, or .pth or .safetensors with torchvision's names."
        ),
    ],
    out: Annotated[Path, typer.Option(help=f"The model's file, {_SUFFIX}.")] = Path("models/imported.keras"),
    classes: Annotated[
        Path | None, typer.Option(help="Class names, one a line, in label order, as in synset_words.txt.")
    ] = None,
) -> None:
    """Make a model of weights that others have published, with the preparation that they need."""
    from alexnet_pipe.pretrained.read import numbered_names, read_names, read_published

    if out.suffix != _SUFFIX or out.is_dir():
        raise UserError(f"--out {out}: name a file that ends in {_SUFFIX}")
    published = read_published(file)
    names = read_names(classes, published.classes) if classes else numbered_names(published.classes)
    _show_published(file, published)
    with progress("import-weights", 3, "steps") as advance:
        with without_notices():
            from alexnet_pipe.model.model_file import save_model
            from alexnet_pipe.pretrained.read import assemble
        advance()
        model = assemble(published, names)
        advance()
        save_model(out, model)
    say(f"{out}: {out.stat().st_size / 1e6:,.1f} MB; next: alexnet-pipe predict PHOTO --model {out}")


def _show_published(file: Path, published: "Published") -> None:
    layers, parameters = len(published.layers), published.parameters
    say(f"{file}: {published.format}; {layers} layers, {parameters:,} parameters, {published.classes:,} classes")
    print(f"  variant {published.variant}, width {published.width:g}")
    for remark in published.remarks:
        say(f"  {remark}")


def export(
    to: Annotated[Format, typer.Option("--format", help="What to export to.")],
    model: Annotated[str, typer.Option(metavar="MODEL", help=MODEL_HELP)] = MODEL,
    out: Annotated[Path | None, typer.Option(help="Where to; beside the model if nothing is said.")] = None,
) -> None:
    """Write a model for programs that know nothing of this project: 256×256 images in, probabilities out.

    What is written is compared with the model on a few images each time.
    """
    from alexnet_pipe.serving.named_model import model_file

    file = Path(model if Path(model).is_file() else MODEL)
    path = out or to.beside(file)
    _refuse_to_replace(path, to, file)
    # The converters take TensorFlow's graphs, whatever backend the model was trained on. A GPU may be at work for a
    # training, and would round to TF32, which the check would take for an error.
    os.environ |= {"KERAS_BACKEND": "tensorflow", "CUDA_VISIBLE_DEVICES": "-1"}
    with model_file(model) as found, without_notices():
        from alexnet_pipe.exporting.write_export import write_export
        from alexnet_pipe.model.model_file import load_model

        classifier = load_model(found)
    outcome = write_export(classifier, to, path)
    say(f"export: {path}, {_bytes(path) / 1e6:,.1f} MB, {outcome}")


def _refuse_to_replace(path: Path, to: Format, model: Path) -> None:
    """An export takes the place of one of its kind, and of nothing else that could be missed."""
    if path.exists() and model.exists() and path.samefile(model):
        raise UserError(f"{path} is the model itself: name another place with --out")
    if path.is_dir() and not (to is Format.SAVED_MODEL and (path / "saved_model.pb").exists()):
        raise UserError(f"{path} is a folder of other things: name another place with --out")
    if path.is_file() and to is Format.SAVED_MODEL:
        raise UserError(f"{path} is a file, and a SavedModel is a folder: name another place with --out")


def _bytes(path: Path) -> int:
    files = path.rglob("*") if path.is_dir() else [path]
    return sum(file.stat().st_size for file in files if file.is_file())
