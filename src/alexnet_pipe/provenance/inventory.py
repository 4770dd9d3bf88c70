"""Which papers a model has, by their digests, and whether they are its own: what a certificate says of them."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from alexnet_pipe.base.errors import UserError
from alexnet_pipe.base.files import load_json
from alexnet_pipe.base.fingerprint import file_digest
from alexnet_pipe.base.paths import Artifacts
from alexnet_pipe.params.load import load_params
from alexnet_pipe.project.checkout import Checkout
from alexnet_pipe.provenance.sbom import save_sbom
from alexnet_pipe.provenance.signature import verify


@dataclass(frozen=True)
class Paper:
    """
    Attributes:
        path: From the project's folder on.
        sha256: Hexadecimal; empty if there is no such file.
        note: What it is of, or why it is missing.
    """

    path: str
    sha256: str
    note: str


def inventory(project: Checkout) -> list[Paper]:
    """The papers in a project's folder; the list of components is made anew of its lock."""
    artifacts = Artifacts(project.root)
    return [
        _paper(artifacts, artifacts.statement, lambda: _statement(artifacts)),
        _paper(artifacts, artifacts.signature, lambda: _signature(artifacts), "nobody has signed the model"),
        _components(project, artifacts),
        _paper(artifacts, artifacts.croissant, lambda: _data(artifacts)),
        _paper(artifacts, artifacts.card, lambda: "what the model is for"),
    ]


def _paper(artifacts: Artifacts, path: Path, note: Callable[[], str], missing: str = "missing: `dvc repro`") -> Paper:
    name = path.relative_to(artifacts.root).as_posix()
    if not path.is_file():
        return Paper(name, "", missing)
    try:
        return Paper(name, file_digest(path), note())
    except UserError as error:
        return Paper(name, file_digest(path), str(error).replace(f"{artifacts.root}/", ""))


def _statement(artifacts: Artifacts) -> str:
    """Whether it is about the model that lies here."""
    try:
        about = load_json(artifacts.statement)["subject"][0]["digest"]["sha256"]
    except (KeyError, IndexError, TypeError):
        return "damaged: it is about no model"
    if not artifacts.model.is_file():
        return f"about a model with the SHA-256 {about}, which is not here"
    return "what made the model" if about == file_digest(artifacts.model) else "about another model: `dvc repro`"


def _signature(artifacts: Artifacts) -> str:
    key = load_params(artifacts.root / "params.yaml").promotion.signed_by
    if not key:
        return "not compared: promotion.signed_by names no key"
    files = verify(artifacts.model, artifacts.root / key).files
    return f"by the key {key}: {' and '.join(path.name for path in files)} are as they were signed"


def _components(project: Checkout, artifacts: Artifacts) -> Paper:
    try:
        count = save_sbom(project, artifacts.components)
    except UserError as error:
        name = artifacts.components.relative_to(artifacts.root).as_posix()
        return Paper(name, "", f"not made: {str(error).replace(f'{artifacts.root}/', '')}")
    return _paper(artifacts, artifacts.components, lambda: f"{count:,} components of uv.lock")


def _data(artifacts: Artifacts) -> str:
    """Whether the tables that it names are those that lie here."""
    for each in load_json(artifacts.croissant).get("distribution", []):
        path = artifacts.croissant.parent / str(each.get("contentUrl", ""))
        if each.get("@type") == "cr:FileObject" and (not path.is_file() or file_digest(path) != each.get("sha256")):
            return f"{path.name} has changed since: `dvc repro`"
    return "the data set"
