"""Keys that models are signed with: where they are told, made, and looked at before a library takes them."""

import os
import stat
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from alexnet_pipe.base.errors import UserError
from alexnet_pipe.base.files import written_aside
from alexnet_pipe.project.checkout import Checkout, NoRepositoryError, top_folder

KEY = "ALEXNET_SIGNING_KEY"
"""The environment variable with the path of the private key."""

PASSWORD = "ALEXNET_SIGNING_PASSWORD"
"""The environment variable with the private key's password, if it has one."""

_CURVES = ("secp256r1", "secp384r1", "secp521r1")
_LARGEST = 2**16
"""Bytes of a key."""


def new_key(path: Path) -> Path:
    """Make a private key on the curve P-256, with the password that `PASSWORD` has, and the public one beside it.

    Returns:
        The public key's path, with `.pub` behind the other's.

    Raises:
        UserError: if one of them is there, or the private key would lie in a git repository.
    """
    require_library()
    from cryptography.hazmat.primitives import serialization as form
    from cryptography.hazmat.primitives.asymmetric.ec import SECP256R1, generate_private_key

    public = path.with_name(f"{path.name}.pub")
    if taken := next((each for each in (path, public) if each.exists()), None):
        raise UserError(f"{taken} is there: name another file, for a key that is lost cannot be made again")
    if repository := _repository(next(each for each in path.absolute().parents if each.is_dir())):
        raise UserError(f"{path} would lie in the git repository {repository}: name a place outside for a private key")
    key, password = generate_private_key(SECP256R1()), password_of_key()
    encryption = form.BestAvailableEncryption(password) if password else form.NoEncryption()
    path.parent.mkdir(parents=True, exist_ok=True)
    content = key.private_bytes(form.Encoding.PEM, form.PrivateFormat.PKCS8, encryption)
    with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, stat.S_IRUSR | stat.S_IWUSR), "wb") as file:
        file.write(content)
    with written_aside(public) as aside:
        aside.write_bytes(key.public_key().public_bytes(form.Encoding.PEM, form.PublicFormat.SubjectPublicKeyInfo))
    return public


def require_library() -> None:
    """
    Raises:
        UserError: if what signs and verifies is not installed.
    """
    if not (find_spec("model_signing") and find_spec("OpenSSL")):
        raise UserError("model-signing is missing: run `make setup`, or `pip install 'alexnet-pipe[signing]'`")


def password_of_key() -> bytes | None:
    """What `PASSWORD` has; None if it is empty."""
    return os.environ[PASSWORD].encode() if os.environ.get(PASSWORD) else None


def require_private_key(path: Path) -> None:
    """
    Raises:
        UserError: if a model cannot be signed with the key in `path`, or if other users may read it.
    """
    from cryptography.exceptions import UnsupportedAlgorithm
    from cryptography.hazmat.primitives.serialization import load_pem_private_key

    content = _key_bytes(path)
    if path.stat().st_mode & (stat.S_IRWXG | stat.S_IRWXO):
        raise UserError(f"{path}: other users may read this private key: `chmod 600` it")
    try:
        key = load_pem_private_key(content, password_of_key())
    except TypeError:  # With a password for a key that has none, or without one that it has.
        raise UserError(f"{path}: {PASSWORD} must have this key's password, and be empty if it has none") from None
    except (ValueError, UnsupportedAlgorithm):
        raise UserError(f"{path} is no private key in PEM, or {PASSWORD} is not its password") from None
    _require_curve(path, key)


def require_public_key(path: Path) -> None:
    """
    Raises:
        UserError: if no signature can be verified with the key in `path`.
    """
    from cryptography.exceptions import UnsupportedAlgorithm
    from cryptography.hazmat.primitives.serialization import load_pem_public_key

    try:
        key = load_pem_public_key(_key_bytes(path))
    except (ValueError, UnsupportedAlgorithm):
        raise UserError(f"{path} is no public key in PEM: `alexnet-pipe sign --new-key FILE` makes FILE.pub") from None
    _require_curve(path, key)


def _require_curve(path: Path, key: Any) -> None:
    if getattr(getattr(key, "curve", None), "name", None) not in _CURVES:
        raise UserError(f"{path} is no key of an elliptic curve that signs models: P-256, P-384 or P-521")


def _key_bytes(path: Path) -> bytes:
    if not path.is_file():
        raise UserError(f"{path} is no file: name a key; `alexnet-pipe sign --new-key FILE` makes one")
    with path.open("rb") as file:
        return file.read(_LARGEST)


def _repository(folder: Path) -> Path | None:
    try:
        return top_folder(Checkout(folder))
    except NoRepositoryError:
        return None
