"""A signature holds for the bytes that were signed, by the key that is asked for, and for nothing else."""

import base64
import json
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from cryptography.hazmat.primitives import serialization as form
from cryptography.hazmat.primitives.asymmetric import ed25519, rsa

from alexnet_pipe.base.errors import UserError
from alexnet_pipe.provenance.signature import SignatureError, sign, verify
from alexnet_pipe.provenance.signing_keys import PASSWORD, new_key
from tests.provenance.keys import key_pair, write_model


@pytest.fixture(scope="module")
def keys(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    return key_pair(tmp_path_factory.mktemp("keys"))


@pytest.fixture
def model(tmp_path: Path, keys: tuple[Path, Path]) -> Path:
    """One with a statement, signed."""
    path = write_model(tmp_path / "models/alexnet.keras")
    sign(path, keys[0])
    return path


def flip(path: Path, at: int = -1) -> None:
    """Change one bit."""
    content = bytearray(path.read_bytes())
    content[at] ^= 1
    path.write_bytes(content)


def test_what_was_signed_is_verified_and_says_what_it_covers(model: Path, keys: tuple[Path, Path]) -> None:
    signed = verify(model, keys[1])
    assert [path.name for path in signed.files] == ["alexnet.keras", "alexnet.intoto.json"]
    assert signed.statement
    assert signed.statement["subject"][0]["name"] == "alexnet.keras"


def test_the_librarys_own_command_verifies_it(model: Path, keys: tuple[Path, Path]) -> None:
    asked = ["verify", "key", "models", "--signature", "models/alexnet.sig", "--public_key", keys[1]]
    command = [sys.executable, "-m", "model_signing", *asked, "--ignore_unsigned_files"]
    assert subprocess.run(command, cwd=model.parents[1], check=False, capture_output=True).returncode == 0
    flip(model)
    assert subprocess.run(command, cwd=model.parents[1], check=False, capture_output=True).returncode != 0


def test_a_link_into_a_cache_and_other_files_beside_it_do_not_matter(model: Path, keys: tuple[Path, Path]) -> None:
    kept = model.rename(model.parents[1] / "1f3a")
    model.symlink_to(kept)
    (model.parent / "imported.keras").write_text("another")
    assert verify(model, keys[1]).statement


def test_a_model_without_a_statement_is_signed_alone(tmp_path: Path, keys: tuple[Path, Path]) -> None:
    model = tmp_path / "imported.keras"
    model.write_text("weights")
    sign(model, keys[0])
    assert verify(model, keys[1]) == ((model,), None)
    write_model(model)
    with pytest.raises(SignatureError, match=r"imported\.sig is not of imported\.keras and imported\.intoto\.json: it"):
        verify(model, keys[1])


def signed_by_another(model: Path) -> None:
    model.with_suffix(".sig").unlink()
    sign(model, key_pair(model.parent, "mallory.pem")[0])


def with_the_key_of_another_named(model: Path) -> None:
    """As `signed_by_another`, in the true key's name."""
    signature = model.with_suffix(".sig")
    true = json.loads(signature.read_text())["verificationMaterial"]
    signed_by_another(model)
    signature.write_text(json.dumps(json.loads(signature.read_text()) | {"verificationMaterial": true}))


def with_other_digests(model: Path) -> None:
    """The signature's own list names the digest that the changed model has."""
    flip(model)
    signature = model.with_suffix(".sig")
    bundle = json.loads(signature.read_text())
    before = json.loads(base64.b64decode(bundle["dsseEnvelope"]["payload"]))
    before["predicate"]["resources"][0]["digest"] = "00" * 32
    bundle["dsseEnvelope"]["payload"] = base64.b64encode(json.dumps(before).encode()).decode()
    signature.write_text(json.dumps(bundle))


def of_another_model(model: Path) -> None:
    """Signed by the same key, and moved here."""
    other = write_model(model.parent / "other.keras", "others")
    shutil.copy(other.with_suffix(".intoto.json"), model.with_suffix(".intoto.json"))


CHANGES: dict[str, tuple[Callable[[Path], None], str]] = {
    "a byte of the model": (flip, r"alexnet\.keras is not what was signed in .*alexnet\.sig: one of them has changed"),
    "a byte of the statement": (
        lambda model: flip(model.with_suffix(".intoto.json"), 20),
        r"alexnet\.intoto\.json is not what was signed in .*alexnet\.sig: one of them has changed since",
    ),
    "the statement of another": (of_another_model, r"alexnet\.intoto\.json is not what was signed in"),
    "no statement": (
        lambda model: model.with_suffix(".intoto.json").unlink(),
        r"alexnet\.sig is not of alexnet\.keras: ",
    ),
    "no signature": (lambda model: model.with_suffix(".sig").unlink(), r"alexnet\.keras is not signed: there is no"),
    "another key": (signed_by_another, r"alexnet\.sig is no signature by the key .*signing\.pem\.pub: another key"),
    "another key in its name": (with_the_key_of_another_named, r"alexnet\.sig is no signature by the key .*\.pub: ano"),
    "another list": (with_other_digests, r"alexnet\.sig is no signature by the key .*signing\.pem\.pub: another key"),
    "an empty signature": (lambda model: model.with_suffix(".sig").write_text(""), r"alexnet\.sig is damaged, or no"),
    "an array": (lambda model: model.with_suffix(".sig").write_text("[[]]"), r"alexnet\.sig is damaged, or no signat"),
    "deep brackets": (
        lambda model: model.with_suffix(".sig").write_text("[" * 100_000),
        r"alexnet\.sig is damaged, or no signat",
    ),
    "a huge signature": (
        lambda model: model.with_suffix(".sig").write_text(" " * (2**20 + 1)),
        r"alexnet\.sig has more than 1,048,576 bytes: it is another file",
    ),
}


@pytest.mark.parametrize("change", CHANGES)
def test_what_has_changed_is_refused_in_one_line(model: Path, keys: tuple[Path, Path], change: str) -> None:
    make, told = CHANGES[change]
    make(model)
    with pytest.raises(SignatureError, match=told) as refused:
        verify(model, keys[1])
    assert "\n" not in str(refused.value)


def test_every_byte_of_the_signature_matters_or_none_of_what_it_says_changes(
    model: Path, keys: tuple[Path, Path]
) -> None:
    signature = model.with_suffix(".sig")
    whole = signature.read_bytes()
    refused = 0
    for at in range(0, len(whole), 41):
        signature.write_bytes(whole)
        flip(signature, at)
        try:
            verify(model, keys[1])
        except SignatureError:
            refused += 1
    # Others are in names that the format lets anybody choose, as that of the log.
    assert refused > 0.9 * len(range(0, len(whole), 41))


def test_a_statement_about_another_model_is_not_signed(model: Path, keys: tuple[Path, Path]) -> None:
    model.write_text("trained once more")
    with pytest.raises(
        UserError, match=r"alexnet\.intoto\.json is about another model than .*alexnet\.keras: `dvc repro`"
    ):
        sign(model, keys[0])
    model.with_suffix(".intoto.json").write_text("[]")
    with pytest.raises(UserError, match=r"alexnet\.intoto\.json is damaged: it is no statement about a model"):
        sign(model, keys[0])


def test_a_key_is_for_its_owner_alone_and_never_lost_or_put_into_git(tmp_path: Path) -> None:
    private, public = key_pair(tmp_path / "new")
    assert private.stat().st_mode & 0o777 == 0o600
    with pytest.raises(UserError, match="is there: name another file, for a key that is lost"):
        new_key(private)
    subprocess.run(["git", "init", "--quiet", tmp_path / "project"], check=True)
    with pytest.raises(UserError, match="would lie in the git repository"):
        new_key(tmp_path / "project/keys/signing.pem")
    assert not (tmp_path / "project/keys").exists()
    private.chmod(0o640)
    with pytest.raises(UserError, match="other users may read this private key: `chmod 600` it"):
        sign(write_model(tmp_path / "a.keras"), private)
    assert not (tmp_path / "a.sig").exists()
    assert b"PUBLIC KEY" in public.read_bytes()


def test_a_password_opens_a_key_and_is_told_nobody(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(PASSWORD, "correct horse")
    private, public = key_pair(tmp_path)
    model = write_model(tmp_path / "a.keras")
    sign(model, private)
    for wrong in ("wrong horse", ""):
        monkeypatch.setenv(PASSWORD, wrong)
        verify(model, public)
        with pytest.raises(UserError, match=PASSWORD) as refused:
            sign(model, private)
        assert "horse" not in str(refused.value)


def pem(key: rsa.RSAPrivateKey | ed25519.Ed25519PrivateKey) -> bytes:
    return key.private_bytes(form.Encoding.PEM, form.PrivateFormat.PKCS8, form.NoEncryption())


@pytest.mark.parametrize(
    ("content", "told"),
    [
        (pem(ed25519.Ed25519PrivateKey.generate()), "is no key of an elliptic curve that signs models"),
        (pem(rsa.generate_private_key(65537, 2048)), "is no key of an elliptic curve that signs models"),
        (b"-----BEGIN OPENSSH PRIVATE KEY-----\nab\n-----END OPENSSH PRIVATE KEY-----\n", "is no private key in PEM"),
        (b"", "is no private key in PEM"),
    ],
    ids=["Ed25519", "RSA", "OpenSSH", "empty"],
)
def test_a_key_that_signs_no_models_is_told(tmp_path: Path, content: bytes, told: str) -> None:
    key = tmp_path / "key"
    key.write_bytes(content)
    key.chmod(0o600)
    model = write_model(tmp_path / "a.keras")
    with pytest.raises(UserError, match=told):
        sign(model, key)
    (tmp_path / "a.sig").write_text("{}")
    with pytest.raises(UserError, match="is no public key in PEM"):
        verify(model, key)
    with pytest.raises(UserError, match="missing is no file: name a key"):
        sign(model, tmp_path / "missing")
