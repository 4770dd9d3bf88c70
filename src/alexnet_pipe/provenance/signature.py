"""Who stands for a model: OpenSSF's signature of its file and of the statement beside it, by a key of the user's own.

The signature is a Sigstore bundle, which `model_signing` makes and verifies here and anywhere else, without a network.
"""

import io
import os
from collections.abc import Iterator
from contextlib import contextmanager, redirect_stdout
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, NamedTuple

from alexnet_pipe.base.errors import UserError
from alexnet_pipe.base.files import load_json, required, written_aside
from alexnet_pipe.base.fingerprint import file_digest
from alexnet_pipe.base.paths import Artifacts
from alexnet_pipe.project.revisions import Revision
from alexnet_pipe.provenance.signing_keys import (
    password_of_key,
    require_library,
    require_private_key,
    require_public_key,
)

_LARGEST = 2**20
"""Bytes of a signature or a statement."""

_FILES = Artifacts(Path())


class SignatureError(UserError):
    """A model is not signed, or not by whom it should be, or has changed since."""


class Signed(NamedTuple):
    """
    Attributes:
        files: What the signature covers, beside each other.
        statement: What made the model, as `provenance.statement` writes it; None if nothing was said and signed.
    """

    files: tuple[Path, ...]
    statement: dict[str, Any] | None


def signature_of(model: Path) -> Path:
    """Where the signature of a model lies."""
    return model.with_suffix(".sig")


def statement_of(model: Path) -> Path:
    """Where the statement about a model lies."""
    return model.with_suffix(".intoto.json")


def sign(model: Path, key: Path) -> Signed:
    """Sign a model, and the statement beside it if there is one, with the private key in the file `key`.

    Raises:
        UserError: if there is no such model, the key cannot be used, or the statement is about another model.
    """
    require_library()
    require_private_key(key)
    files = _files_of(model)
    statement = _statement(files, UserError)
    from model_signing import hashing, signing

    config = signing.Config().use_elliptic_key_signer(private_key=key, password=password_of_key())
    config.set_hashing_config(hashing.Config().set_allow_symlinks(True))
    with _folder_of(files) as folder, written_aside(signature_of(model)) as aside:
        config.sign(folder, aside)
    return Signed(files, statement)


def verify(model: Path, key: Path) -> Signed:
    """Compare a model, and the statement beside it, with the signature beside them.

    Args:
        model: Its file.
        key: The public key whose owner must have signed.

    Raises:
        SignatureError: if there is no signature, if another key made it, or if a byte of anything has changed.
        UserError: if the key cannot be used.
    """
    require_library()
    require_public_key(key)
    files, signature = _files_of(model), signature_of(model)
    if not signature.is_file():
        raise SignatureError(f"{model} is not signed: there is no {signature}; `alexnet-pipe sign` makes it")
    _require_small(signature)
    from model_signing import hashing, verifying

    config = verifying.Config().use_elliptic_key_verifier(public_key=key)
    config.set_hashing_config(hashing.Config().set_allow_symlinks(True))
    try:
        # The library prints what it thinks of older signatures.
        with _folder_of(files) as folder, redirect_stdout(io.StringIO()):
            config.verify(folder, signature)
    except (OSError, MemoryError):
        raise
    except Exception as error:  # What a stranger's file makes of a parser is open.
        raise SignatureError(_reason(error, files, signature, key)) from None
    return Signed(files, _statement(files, SignatureError))


def verify_revision(revision: Revision, key: Path) -> Signed:
    """`verify`, of the model of a revision of the project."""
    with TemporaryDirectory() as folder:
        model = Path(folder) / _FILES.model.name
        revision.fetch(_FILES.model, model)
        bring_papers(revision, model)
        try:
            return verify(model, key)
        except SignatureError as error:
            raise SignatureError(str(error).replace(f"{folder}{os.sep}", f"{revision.name}: ")) from None


def bring_papers(revision: Revision, model: Path) -> None:
    """Put beside `model`, a copy of the revision's, its signature and statement, as far as it has them."""
    for path, to in ((_FILES.signature, signature_of(model)), (_FILES.statement, statement_of(model))):
        if revision.files.exists(revision.place(path)):
            to.write_bytes(revision.read(path))


def _files_of(model: Path) -> tuple[Path, ...]:
    """The model, and the statement about it if there is one."""
    path = statement_of(model)
    if not path.exists():
        return (required(model),)
    _require_small(path)
    return required(model), path


def _statement(files: tuple[Path, ...], kind: type[UserError]) -> dict[str, Any] | None:
    """What the statement among `files` says, if it is there, about the model among them."""
    if len(files) == 1:
        return None
    model, path = files
    try:
        statement = load_json(path)
        about = statement["subject"][0]["digest"]["sha256"]
    except (UserError, KeyError, IndexError, TypeError):
        raise kind(f"{path} is damaged: it is no statement about a model") from None
    if about != file_digest(model):
        raise kind(f"{path} is about another model than {model}: `dvc repro` makes both")
    return statement


@contextmanager
def _folder_of(files: tuple[Path, ...]) -> Iterator[Path]:
    """A folder with `files` and nothing else: the library takes a folder, and compares all that is in it."""
    with TemporaryDirectory() as temporary:
        folder = Path(temporary) / files[0].stem
        folder.mkdir()
        for path in files:
            (folder / path.name).symlink_to(path.resolve())
        yield folder


def _reason(error: Exception, files: tuple[Path, ...], signature: Path, key: Path) -> str:
    text, kind = str(error), type(error).__name__
    if kind == "InvalidSignature" or text.startswith("Key mismatch"):
        return f"{signature} is no signature by the key {key}: another key made it, or it has changed"
    if not text.startswith("Signature mismatch"):
        return f"{signature} is damaged, or no signature of a model ({kind})"
    if changed := [path for path in files if f"Hash mismatch for '{path.name}'" in text]:
        return f"{changed[0]} is not what was signed in {signature}: one of them has changed since"
    names = " and ".join(path.name for path in files)
    return f"{signature} is not of {names}: it covers more files, or fewer, or such of other names"


def _require_small(path: Path) -> None:
    if path.stat().st_size > _LARGEST:
        raise SignatureError(f"{path} has more than {_LARGEST:,} bytes: it is another file")
