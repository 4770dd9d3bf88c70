"""`alexnet-pipe predict`, `evaluate` and `import-weights`: models at work, and made of files of others."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager, redirect_stdout
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from alexnet_pipe.base.errors import UserError
from alexnet_pipe.base.files import written_aside
from alexnet_pipe.base.paths import Artifacts
from alexnet_pipe.base.progress import progress, say
from alexnet_pipe.base.signals import keeping_nothing
from alexnet_pipe.base.startup import without_notices
from alexnet_pipe.pretrained import Preparation

if TYPE_CHECKING:
    from alexnet_pipe.pretrained.published import Published

MODEL = str(Artifacts().model)
MODEL_HELP = (
    "A model's file; or, where there is no such file, alexnet@STAGE or alexnet@VERSION of the registry, "
    "or a revision of the project: a commit, branch, tag or experiment."
)
PUBLIC_HELP = "The public key whose owner must have signed it, PEM; else the project's promotion.signed_by."


@keeping_nothing()
def predict(
    names: Annotated[
        list[str],
        typer.Argument(
            metavar="PHOTO|FOLDER|LIST|-",
            help="Photographs, folders of them, or text lists (.txt) with a path a line, seen from the current folder; "
            "- reads such a list from standard input.",
        ),
    ],
    model: Annotated[str, typer.Option(metavar="MODEL", help=MODEL_HELP)] = MODEL,
    csv: Annotated[bool, typer.Option("--csv", help="Print CSV.")] = False,
    json: Annotated[bool, typer.Option("--json", help="Print JSON, a line a photograph.")] = False,
    submission: Annotated[bool, typer.Option("--submission", help="Print what Kaggle takes as a submission.")] = False,
    top: Annotated[int, typer.Option(min=1, metavar="N", help="How many classes of each are told.")] = 5,
    min_confidence: Annotated[
        float,
        typer.Option(
            min=0, max=1, metavar="P", help="Call a photograph unsure if its most probable class has less than that."
        ),
    ] = 0.0,
    out: Annotated[
        Path | None,
        typer.Option(metavar="FILE", help="Write it there: JSON if the name ends with .json or .jsonl, else CSV."),
    ] = None,
    verify: Annotated[
        bool, typer.Option("--verify", help="Answer only if the model is as the owner of a key has signed it.")
    ] = False,
    key: Annotated[Path | None, typer.Option(metavar="FILE", help=PUBLIC_HELP)] = None,
) -> None:
    """Say what is on photographs: the most probable classes of each, from ten views."""
    from alexnet_pipe.portable.network import open_network
    from alexnet_pipe.serving.named_files import files_in, model_file
    from alexnet_pipe.serving.predictions import show_predictions

    wanted = [form for form, asked in {"csv": csv, "json": json, "submission": submission}.items() if asked]
    form = _form(wanted, min_confidence, out)
    if key and not verify:
        raise typer.BadParameter("it is for --verify", param_hint="--key")
    with model_file(model) as file:
        if verify:
            from alexnet_pipe.cli.papers import verified

            verified(model, file, key)
        photographs = files_in(names)
        if out:
            _refuse_to_lose(out, [file, *map(Path, names), *photographs])
        network = open_network(file)
    with _standard_output_in(out):
        show_predictions(network, photographs, form, top, min_confidence)


def _form(wanted: Sequence[str], min_confidence: float, out: Path | None) -> str:
    """The one that is printed."""
    if len(wanted) > 1:
        raise typer.BadParameter("they exclude each other", param_hint=" and ".join(f"--{form}" for form in wanted))
    if "submission" in wanted and min_confidence:
        raise typer.BadParameter("a submission has the probabilities of all", param_hint="--min-confidence")
    if wanted:
        return wanted[0]
    return ("json" if out.suffix in (".json", ".jsonl") else "csv") if out else "table"


def _refuse_to_lose(out: Path, read: Sequence[Path]) -> None:
    """What is written takes the place of a file of its kind, not of a folder, a device, or what it was made of."""
    if out.is_dir():
        raise UserError(f"--out {out} is a folder: name a file in it")
    if out.exists() and not out.is_file():
        raise UserError(f"--out {out} is no plain file: name another, or print the rows without --out")
    if out.exists() and any(path.exists() and path.samefile(out) for path in read):
        raise UserError(f"--out {out} is read for it: name another file")


@contextmanager
def _standard_output_in(path: Path | None) -> Iterator[None]:
    if path is None:
        yield
        return
    with written_aside(path) as aside, aside.open("w", encoding="utf-8", newline="") as file, redirect_stdout(file):
        yield


@keeping_nothing()
def evaluate(
    images: Annotated[
        Path, typer.Option("--images", "--on", metavar="FOLDER", help="A folder with a folder of photographs a class.")
    ],
    models: Annotated[
        list[str] | None, typer.Argument(metavar="MODEL", help=f"{MODEL_HELP} If none is named, the project's.")
    ] = None,
    json: Annotated[bool, typer.Option("--json", help="Print the metrics as JSON.")] = False,
    classes: Annotated[
        Path | None,
        typer.Option(metavar="FILE", help="Class names, one a line, in label order, in the place of the models' own."),
    ] = None,
) -> None:
    """Say how often models are wrong on labelled photographs, and how often several are together.

    Errors come from one view and from ten, with 95 % intervals. Together, models are the mean of their softmax.
    """
    from alexnet_pipe.portable.network import open_network
    from alexnet_pipe.serving.named_files import model_file
    from alexnet_pipe.serving.photograph_errors import show_errors

    models = models or [MODEL]
    if len(set(models)) < len(models):
        raise typer.BadParameter("one is named twice", param_hint="MODEL")
    networks = {}
    for name in models:
        with model_file(name) as file:
            networks[name] = open_network(file)
        if classes:
            from alexnet_pipe.pretrained.read import read_names

            networks[name].classes = tuple(read_names(classes, len(networks[name].classes)))
    show_errors(networks, images, json)


_SUFFIX = ".keras"


@keeping_nothing()
def import_weights(
    file: Annotated[
        Path,
        typer.Argument(
            metavar="FILE",
            help="bvlc_alexnet.npy, a .caffemodel, torchvision's .pth or .safetensors, an ONNX graph of an AlexNet, a "
            "checkpoint of TensorFlow, a .mat of MatConvNet, or with --like a .weights.h5 of Keras.",
        ),
    ],
    out: Annotated[Path, typer.Option(help=f"The model's file, {_SUFFIX}.")] = Path("models/imported.keras"),
    classes: Annotated[
        Path | None, typer.Option(help="Class names, one a line, in label order, as in synset_words.txt.")
    ] = None,
    preparation: Annotated[
        Preparation | None,
        typer.Option(help="How photographs were prepared for an ONNX graph; it does not say that itself."),
    ] = None,
    like: Annotated[
        str | None,
        typer.Option(metavar="MODEL", help="For a .weights.h5: a model of the same network, whose all else is taken."),
    ] = None,
) -> None:
    """Make a model of weights that others have published, with the preparation that they need."""
    if out.suffix != _SUFFIX or out.is_dir():
        raise UserError(f"--out {out}: name a file that ends in {_SUFFIX}")
    if out.exists():
        raise UserError(f"--out {out} is there: remove it, or name another file")
    if like:
        if classes or preparation:
            raise UserError("--like brings classes and preparation: leave --classes and --preparation out")
        _import_like(file, like, out)
    else:
        _import_published(file, out, classes, preparation)
    say(f"{out}: {out.stat().st_size / 1e6:,.1f} MB; next: alexnet-pipe predict PHOTO --model {out}")


def _import_like(file: Path, like: str, out: Path) -> None:
    from alexnet_pipe.portable.network import require_answers
    from alexnet_pipe.pretrained.keras_weights import weights_like
    from alexnet_pipe.serving.named_files import model_file

    with model_file(like) as model:
        stored = weights_like(file, model)
    description, parameters = stored.description, sum(array.size for array in stored.arrays.values())
    say(f"{file}: .weights.h5; {parameters:,} numbers, the mean image's among them")
    print(f"  variant {description.variant}, width {description.width:g}, classes and preparation: as {like}")
    with progress("import-weights", 1, "steps") as advance:
        with without_notices():
            from alexnet_pipe.model.model_file import as_classifier, save_model
        require_answers(stored, file)
        save_model(out, as_classifier(stored))
        advance()


def _import_published(file: Path, out: Path, classes: Path | None, preparation: Preparation | None) -> None:
    from alexnet_pipe.portable.network import require_answers
    from alexnet_pipe.pretrained.read import read_names, read_published

    published = read_published(file, preparation)
    names = read_names(classes, published.classes) if classes else _own_names(published)
    _show_published(file, published)
    with progress("import-weights", 3, "steps") as advance:
        with without_notices():
            from alexnet_pipe.model.model_file import as_stored, save_model
            from alexnet_pipe.pretrained.read import assemble
        advance()
        model = assemble(published, names)
        require_answers(as_stored(model), file)
        advance()
        save_model(out, model)


def _own_names(published: "Published") -> Sequence[str]:
    from alexnet_pipe.pretrained.read import numbered_names

    named = len(published.names) == published.classes
    return published.names if named else numbered_names(published.classes)


def _show_published(file: Path, published: "Published") -> None:
    layers, parameters = len(published.layers), published.parameters
    say(f"{file}: {published.format}; {layers} layers, {parameters:,} parameters, {published.classes:,} classes")
    print(f"  variant {published.variant}, width {published.width:g}")
    for remark in published.remarks:
        say(f"  {remark}")
