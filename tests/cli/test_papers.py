"""`alexnet-pipe sign`, `verify` and `predict --verify` as a user runs them: one line, and an exit status."""

import sys
from pathlib import Path

import pytest
from PIL import Image

from alexnet_pipe.model.classifier import Classifier
from alexnet_pipe.model.model_file import save_model
from tests.cli.command import exit_status
from tests.provenance.keys import key_pair

MODEL = Path("models/alexnet.keras")


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The current one, with a model, a photograph and a pair of keys."""
    save_model(tmp_path / MODEL, Classifier(["cat", "dog"], width=0.05, initialisation="he"))
    Image.new("RGB", (40, 40)).save(tmp_path / "photo.png")
    key_pair(tmp_path)
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("ALEXNET_SIGNING_KEY", raising=False)
    return tmp_path


def run(*arguments: str, monkeypatch: pytest.MonkeyPatch) -> int:
    """The exit status."""
    return exit_status(monkeypatch, *arguments)


def test_a_signed_model_answers_and_a_changed_one_does_not(
    folder: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    verified = ("predict", "photo.png", "--csv", "--verify", "--key", "signing.pem.pub")
    assert run(*verified, monkeypatch=monkeypatch) == 1
    assert capsys.readouterr().err.startswith("alexnet-pipe: models/alexnet.keras is not signed: there is no models/")
    assert run("sign", "--key", "signing.pem", monkeypatch=monkeypatch) == 0
    assert capsys.readouterr().out == "sign: models/alexnet.sig signs models/alexnet.keras\n"
    assert run(*verified, monkeypatch=monkeypatch) == 0
    assert "photo.png,predicted," in capsys.readouterr().out

    content = MODEL.read_bytes()
    MODEL.write_bytes(content[:-1] + bytes([content[-1] ^ 1]))
    assert run(*verified, monkeypatch=monkeypatch) == 1
    said = capsys.readouterr()
    assert said.out == ""
    told = "models/alexnet.keras is not what was signed in models/alexnet.sig: one of them has changed since"
    assert said.err == f"alexnet-pipe: {told}\n"


def test_verify_takes_the_projects_key_and_says_what_made_the_model(
    folder: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("ALEXNET_SIGNING_KEY", "signing.pem")
    assert run("sign", monkeypatch=monkeypatch) == 0
    assert run("verify", monkeypatch=monkeypatch) == 1
    assert "no public key is named to verify with: --key FILE, or promotion.signed_by" in capsys.readouterr().err
    Path("params.yaml").write_text("promotion:\n  signed_by: signing.pem.pub\n")
    assert run("verify", monkeypatch=monkeypatch) == 0
    assert capsys.readouterr().out == (
        "models/alexnet.keras: signed, and unchanged since; nothing is said of what made it\n"
    )
    key_pair(folder / "mallory")
    assert run("verify", "--key", "mallory/signing.pem.pub", monkeypatch=monkeypatch) == 1
    assert "models/alexnet.sig is no signature by the key mallory/signing.pem.pub: " in capsys.readouterr().err


def test_a_key_is_made_or_asked_for(
    folder: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run("sign", monkeypatch=monkeypatch) == 1
    assert capsys.readouterr().err.startswith("alexnet-pipe: no key is named: --key FILE or ALEXNET_SIGNING_KEY; ")
    assert run("sign", "--new-key", "own.pem", monkeypatch=monkeypatch) == 0
    assert "own.pem is the private key: keep it, and show it nobody; own.pem.pub is for" in capsys.readouterr().out
    assert run("predict", "photo.png", "--key", "own.pem.pub", monkeypatch=monkeypatch) == 2


def test_what_verifies_is_not_imported_where_nobody_asks(
    folder: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    for name in [name for name in sys.modules if name.partition(".")[0] in ("model_signing", "sigstore")]:
        monkeypatch.delitem(sys.modules, name)
    assert run("predict", "photo.png", monkeypatch=monkeypatch) == 0
    assert "model_signing" not in sys.modules
