"""A certificate says which papers a model has, by their digests, and which are missing, changed or of another."""

import json
import shutil
from pathlib import Path

import pytest

from alexnet_pipe.base.fingerprint import file_digest
from alexnet_pipe.base.paths import Artifacts
from alexnet_pipe.comparison.certify import kind_of
from alexnet_pipe.project.checkout import Checkout
from alexnet_pipe.provenance.inventory import inventory
from alexnet_pipe.provenance.signature import sign
from tests.provenance.keys import key_pair, write_model

ROOT = Path(__file__).parents[2]
SIGNED = "by the key signing.pem.pub: alexnet.keras and alexnet.intoto.json are as they were signed"


@pytest.fixture
def project(tmp_path: Path) -> Path:
    """One with all papers, and a signature."""
    for name in ("pyproject.toml", "uv.lock", "README.md", "MODEL_CARD.md"):
        shutil.copy(ROOT / name, tmp_path)
    model = write_model(tmp_path / "models/alexnet.keras")
    private, _ = key_pair(tmp_path)
    sign(model, private)
    (tmp_path / "params.yaml").write_text("promotion:\n  signed_by: signing.pem.pub\n")
    (tmp_path / "data").mkdir()
    (tmp_path / "data/manifest.parquet").write_text("rows")
    table = {"@type": "cr:FileObject", "contentUrl": "manifest.parquet"}
    table["sha256"] = file_digest(tmp_path / "data/manifest.parquet")
    (tmp_path / "data/croissant.json").write_text(json.dumps({"distribution": [table]}))
    return tmp_path


def notes(project: Path) -> dict[str, str]:
    """By the file's name."""
    found = inventory(Checkout(project))
    for paper in found:
        path = project / paper.path
        assert paper.sha256 == (file_digest(path) if path.exists() else "")
        assert str(project) not in paper.note
    return {Path(paper.path).name: paper.note for paper in found}


def test_a_whole_set_is_named_and_the_components_are_listed(project: Path) -> None:
    found = notes(project)
    assert found.pop("sbom.cdx.json").endswith(" components of uv.lock")
    assert found == {
        "alexnet.intoto.json": "what made the model",
        "alexnet.sig": SIGNED,
        "croissant.json": "the data set",
        "MODEL_CARD.md": "what the model is for",
    }


def test_what_is_missing_is_said(project: Path) -> None:
    for name in ("models", "data"):
        shutil.rmtree(project / name)
    for name in ("MODEL_CARD.md", "uv.lock"):
        (project / name).unlink()
    assert notes(project) == {
        "alexnet.intoto.json": "missing: `dvc repro`",
        "alexnet.sig": "nobody has signed the model",
        "sbom.cdx.json": "not made: uv.lock is missing: run from the project's top folder",
        "croissant.json": "missing: `dvc repro`",
        "MODEL_CARD.md": "missing: `dvc repro`",
    }


def test_what_has_changed_or_is_of_another_is_said(project: Path) -> None:
    artifacts = Artifacts(project)
    artifacts.model.write_text("trained once more")
    artifacts.manifest.write_text("more rows")
    found = notes(project)
    assert found["alexnet.intoto.json"] == "about another model: `dvc repro`"
    assert found["alexnet.sig"].startswith("models/alexnet.keras is not what was signed in models/alexnet.sig")
    assert found["croissant.json"] == "manifest.parquet has changed since: `dvc repro`"
    artifacts.statement.write_text("{}")
    assert notes(project)["alexnet.intoto.json"] == "damaged: it is about no model"
    (project / "params.yaml").write_text("promotion:\n  signed_by:\n")
    assert notes(project)["alexnet.sig"] == "not compared: promotion.signed_by names no key"


def test_a_statement_that_names_another_commit_is_no_other_training() -> None:
    assert [
        kind_of(path) for path in ("models/alexnet.intoto.json", "models/alexnet.keras", "data/croissant.json")
    ] == [
        "report",
        "training",
        "data",
    ]
