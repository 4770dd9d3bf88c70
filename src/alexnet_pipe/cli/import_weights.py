"""`alexnet-pipe import-weights`."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from alexnet_pipe.base.errors import UserError
from alexnet_pipe.base.progress import progress
from alexnet_pipe.base.startup import without_notices

if TYPE_CHECKING:
    from alexnet_pipe.pretrained.published import Published

_SUFFIX = ".keras"


def import_weights(
    file: Annotated[
        Path,
        typer.Argument(help="bvlc_alexnet.npy, a .caffemodel, or .pth or .safetensors with torchvision's names."),
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
    _show(file, published)
    with progress("import-weights", 3, "steps") as advance:
        with without_notices():
            from alexnet_pipe.model.model_file import save_model
            from alexnet_pipe.pretrained.read import assemble
        advance()
        model = assemble(published, names)
        advance()
        save_model(out, model)
    print(f"{out}: {out.stat().st_size / 1e6:,.1f} MB; next: alexnet-pipe predict PHOTO --model {out}")


def _show(file: Path, published: "Published") -> None:
    layers, parameters = len(published.layers), published.parameters
    print(f"{file}: {published.format}; {layers} layers, {parameters:,} parameters, {published.classes:,} classes")
    print(f"  variant {published.variant}, width {published.width:g}")
    for remark in published.remarks:
        print(f"  {remark}")
