"""Where a project wants its models signed, none is promoted that the key's owner has not signed as it is."""

import json
import shutil
from pathlib import Path

import pytest
import yaml

from alexnet_pipe.base.errors import UserError
from alexnet_pipe.cli.papers import verified
from alexnet_pipe.project.checkout import Checkout
from alexnet_pipe.promotion.by_hand import promote_challenger, promote_revision, take_back
from alexnet_pipe.promotion.decision import Verdict
from alexnet_pipe.promotion.endorsement import require_ready
from alexnet_pipe.provenance.signature import SignatureError, verify
from alexnet_pipe.provenance.signing_keys import KEY
from alexnet_pipe.serving.named_files import model_file
from tests.promotion.retraining import git, make_project, retrain, state_of
from tests.provenance.keys import key_pair

pytestmark = [pytest.mark.slow, pytest.mark.usefixtures("as_quick_python")]


@pytest.fixture(scope="module")
def original(tmp_path_factory: pytest.TempPathFactory, as_quick_python: None) -> Path:
    """A project that wants signatures, with a champion that is signed, and the key beside it."""
    folder = tmp_path_factory.mktemp("signed") / "project"
    make_project(folder, wrong=12)
    private, public = key_pair(folder.parent)
    shutil.copy(public, folder / "signing.pub")
    params = yaml.safe_load((folder / "params.yaml").read_text()) | {"promotion": {"signed_by": "signing.pub"}}
    (folder / "params.yaml").write_text(yaml.safe_dump(params))
    git(folder, "add", "--all")
    git(folder, "commit", "--quiet", "--message", "Models are signed")
    with pytest.MonkeyPatch.context() as patched:
        patched.setenv(KEY, str(private))
        assert retrain(folder).verdict is Verdict.PROMOTED
    return folder


@pytest.fixture
def project(original: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    for name in ("project", "store", "signing.pem", "signing.pem.pub"):
        copy = shutil.copytree if (original.parent / name).is_dir() else shutil.copy
        copy(original.parent / name, tmp_path / name, **({"symlinks": True} if copy is shutil.copytree else {}))
    monkeypatch.setenv(KEY, str(tmp_path / "signing.pem"))
    return tmp_path / "project"


def test_a_promotion_signs_and_what_it_has_promoted_is_verified_anywhere(
    project: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert retrain(project, wrong=2).verdict is Verdict.PROMOTED
    verify(project / "models/alexnet.keras", project / "signing.pub")
    assert git(project, "status", "--porcelain") == ""
    monkeypatch.chdir(project)
    for name in ("alexnet@v0.0.1", "alexnet@prod"):
        with model_file(name) as file:
            assert verified(name, file, None).statement is None
            (file.with_suffix(".sig")).write_text("{}")
            file.chmod(0o600)
    assert take_back(project).startswith("alexnet@v0.0.1 has the stage prod again")
    verify(project / "models/alexnet.keras", project / "signing.pub")


def test_without_the_private_key_nothing_is_trained(project: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv(KEY)
    with pytest.raises(UserError, match="signed_by is set, and ALEXNET_SIGNING_KEY is not: it says where"):
        require_ready(Checkout(project))
    monkeypatch.setenv(KEY, str(project / "missing.pem"))
    with pytest.raises(UserError, match=r"missing\.pem is no file: name a key"):
        require_ready(Checkout(project))


def test_anothers_signature_promotes_nothing(project: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    before = state_of(project)
    monkeypatch.setenv(KEY, str(key_pair(project.parent, "mallory.pem")[0]))
    with pytest.raises(SignatureError, match=r"alexnet\.sig is no signature by the key .*signing\.pub: another key"):
        retrain(project, wrong=2)
    assert state_of(project) == before
    monkeypatch.delenv(KEY)
    with pytest.raises(SignatureError, match=r"alexnet\.keras is not signed: there is no .*alexnet\.sig"):
        retrain(project, wrong=2)
    assert state_of(project) == before


def test_a_challengers_own_settings_lift_no_demand(project: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert retrain(project, wrong=13).verdict is Verdict.REFUSED
    params = project / ".prefect/challenger/params.yaml"
    params.write_text(params.read_text().replace("signed_by: signing.pub", "signed_by:"))
    monkeypatch.setenv(KEY, str(key_pair(project.parent, "mallory.pem")[0]))
    before = state_of(project)
    with pytest.raises(SignatureError, match="is no signature by the key"):
        promote_challenger(project, lambda *_: None)
    assert state_of(project) == before


def of_nobody(project: Path) -> None:
    git(project, "rm", "--quiet", "models/alexnet.sig")


def changed(project: Path) -> None:
    path = project / "models/alexnet.sig"
    bundle = json.loads(path.read_text())
    payload = bundle["dsseEnvelope"]["payload"]
    bundle["dsseEnvelope"]["payload"] = payload[:-8] + ("A" if payload[-8] != "A" else "B") + payload[-7:]
    path.write_text(json.dumps(bundle))


def with_another_statement(project: Path) -> None:
    (project / "models/alexnet.intoto.json").write_text("{}")
    git(project, "add", "--force", "models/alexnet.intoto.json")


@pytest.mark.parametrize(
    ("make", "told"),
    [
        (of_nobody, r"^HEAD: alexnet\.keras is not signed: there is no HEAD: alexnet\.sig"),
        (changed, r"^HEAD: alexnet\.sig is no signature by the key .*signing\.pub: another key made it, or it has"),
        (with_another_statement, r"^HEAD: alexnet\.sig is not of alexnet\.keras and alexnet\.intoto\.json"),
    ],
)
def test_a_commit_whose_signature_does_not_hold_is_not_promoted(project: Path, make: object, told: str) -> None:
    assert retrain(project, wrong=2).verdict is Verdict.PROMOTED
    assert callable(make)
    make(project)
    git(project, "commit", "--quiet", "--all", "--message", "Changed by hand")
    before = state_of(project)
    with pytest.raises(SignatureError, match=told):
        promote_revision(project, "HEAD")
    assert state_of(project) == before
    assert promote_revision(project, "alexnet@v0.0.1").startswith("promoted by hand as alexnet@v0.0.1")


def test_where_nobody_wants_signatures_that_of_another_model_goes(
    project: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    params = project / "params.yaml"
    params.write_text(params.read_text().replace("signed_by: signing.pub", "signed_by:"))
    git(project, "commit", "--quiet", "--all", "--message", "No signatures")
    monkeypatch.delenv(KEY)
    assert retrain(project, wrong=2).verdict is Verdict.PROMOTED
    assert not (project / "models/alexnet.sig").exists()


def test_papers_that_git_does_not_know_are_told_before_the_training(project: Path) -> None:
    require_ready(Checkout(project))
    (project / "models/alexnet.intoto.json").write_text("{}")
    with pytest.raises(
        UserError, match=r"models/alexnet\.intoto\.json is not committed, and a promotion commits its own"
    ):
        require_ready(Checkout(project))
