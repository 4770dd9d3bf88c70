"""`alexnet-pipe sign`, `verify` and `sbom`: who stands for a model, whether it is still that, what it runs on."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from alexnet_pipe.base.errors import UserError
from alexnet_pipe.base.paths import Artifacts
from alexnet_pipe.base.progress import say
from alexnet_pipe.base.signals import keeping_nothing
from alexnet_pipe.cli.models import MODEL, MODEL_HELP, PUBLIC_HELP

if TYPE_CHECKING:
    from alexnet_pipe.provenance.signature import Signed


@keeping_nothing()
def sign(
    model: Annotated[
        str, typer.Argument(metavar="FILE", help="A model's file; the project's if none is named.")
    ] = MODEL,
    key: Annotated[
        Path | None,
        typer.Option(
            metavar="FILE", envvar="ALEXNET_SIGNING_KEY", help="A private key of the curve P-256, P-384 or P-521, PEM."
        ),
    ] = None,
    new_key: Annotated[
        Path | None, typer.Option(metavar="FILE", help="Make a private key there, and FILE.pub; nothing is signed.")
    ] = None,
) -> None:
    """Sign a model, and what is said of it in the .intoto.json beside it: a .sig beside it has the signature.

    ALEXNET_SIGNING_PASSWORD has the key's password, if it has one. A promotion signs by itself where
    ALEXNET_SIGNING_KEY is set.
    """
    from alexnet_pipe.provenance.signature import sign as make
    from alexnet_pipe.provenance.signature import signature_of
    from alexnet_pipe.provenance.signing_keys import new_key as make_key

    if new_key:
        public = make_key(new_key)
        say(f"sign: {new_key} is the private key: keep it, and show it nobody; {public} is for those who verify")
        return
    if not key:
        raise UserError(
            "no key is named: --key FILE or ALEXNET_SIGNING_KEY; `alexnet-pipe sign --new-key FILE` makes one"
        )
    signed = make(Path(model), key)
    say(f"sign: {signature_of(Path(model))} signs {' and '.join(map(str, signed.files))}")


@keeping_nothing()
def verify(
    model: Annotated[str, typer.Argument(metavar="MODEL", help=MODEL_HELP)] = MODEL,
    key: Annotated[Path | None, typer.Option(metavar="FILE", help=PUBLIC_HELP)] = None,
) -> None:
    """Say whether a model, and the statement of what made it, are as they were signed; exit status 1 if not."""
    from alexnet_pipe.serving.named_files import model_file

    with model_file(model) as file:
        show_signed(model, verified(model, file, key))


_COMPONENTS = Artifacts().components


def sbom(
    out: Annotated[Path, typer.Option(metavar="FILE", help="Write it there.")] = _COMPONENTS,
    gpu: Annotated[
        bool, typer.Option("--gpu", help="With the packages for NVIDIA's cards, in place of the processor's.")
    ] = False,
) -> None:
    """List the packages of uv.lock, with versions and digests, in CycloneDX's form; those of tests are left out."""
    from alexnet_pipe.project.checkout import Checkout
    from alexnet_pipe.provenance.sbom import save_sbom

    if out.is_dir():
        raise UserError(f"--out {out} is a folder: name a file in it")
    count = save_sbom(Checkout(Path()), out, gpu)
    say(f"sbom: {out}, {count:,} components")


def verified(name: str, file: Path, key: Path | None) -> "Signed":
    """What is signed of the model called `name`, a revision or the `file` itself, by the owner of the `key`.

    Raises:
        UserError: if no key is named, or it did not sign what lies there.
    """
    from alexnet_pipe.provenance.signature import bring_papers
    from alexnet_pipe.provenance.signature import verify as compare

    key = key or _key_of_the_project()
    if Path(name) != file:
        from alexnet_pipe.project.revisions import open_revision

        bring_papers(open_revision(Path(), name), file)
    return compare(file, key)


def show_signed(name: str, signed: "Signed") -> None:
    """One line: the signature holds, and what the statement says of where the model comes from."""
    say(f"{name}: signed, and unchanged since; {_origin(signed)}")


def _origin(signed: "Signed") -> str:
    if not signed.statement:
        return "nothing is said of what made it"
    try:
        dependencies = signed.statement["predicate"]["buildDefinition"]["resolvedDependencies"]
        code = next(each for each in dependencies if each["name"] == "code")
        changed = code["annotations"].get("changesNotCommitted")
        return f"made from commit {code['digest']['gitCommit'][:12]}{', with changes not committed' if changed else ''}"
    except (KeyError, TypeError, StopIteration):
        return "no commit is named that it was made from"


def _key_of_the_project() -> Path:
    from alexnet_pipe.params.load import load_params

    params = Path("params.yaml")
    if not params.exists() or not (key := load_params(params).promotion.signed_by):
        raise UserError("no public key is named to verify with: --key FILE, or promotion.signed_by in params.yaml")
    return Path(key)
