"""What the project runs on, as a list of components in CycloneDX's form: https://cyclonedx.org/docs/1.5/json."""

import json
import sys
import uuid
from pathlib import Path
from typing import Any

from alexnet_pipe.base.errors import UserError
from alexnet_pipe.base.files import save_json
from alexnet_pipe.base.fingerprint import file_digest
from alexnet_pipe.project.checkout import Checkout, call

LOCK = "uv.lock"
LOCK_DIGEST = "alexnet-pipe:uv.lock:sha256"
"""The property that has the SHA-256 of the lock."""

_EXPORT = (
    "export",
    "--frozen",
    "--offline",
    "--quiet",
    "--preview-features",
    "sbom-export",
    "--format",
    "cyclonedx1.5",
)
_PROCESSOR = ("--all-extras", "--no-group", "dev")
_CARDS = (*_PROCESSOR, "--no-group", "cpu", "--group", "gpu", "--group", "jax-gpu")
_NAMESPACE = uuid.uuid5(uuid.NAMESPACE_URL, "https://cyclonedx.org")


def save_sbom(checkout: Checkout, to: Path, cards: bool = False) -> int:
    """Write what `uv.lock` has of all that is installed, but for what tests need alone; how many components that is.

    Args:
        checkout: The project.
        to: The file; equal locks make equal bytes.
        cards: With the packages for NVIDIA's cards, in place of those for processors.

    Raises:
        UserError: if there is no lock, or no `uv` that can export it so.
    """
    lock = checkout.root / LOCK
    if not lock.exists():
        raise UserError(f"{lock} is missing: run from the project's top folder")
    digest = file_digest(lock)
    content = _exported(checkout, _CARDS if cards else _PROCESSOR)
    content["serialNumber"] = f"urn:uuid:{uuid.uuid5(_NAMESPACE, f'{digest} {cards}')}"
    about = content["metadata"]
    about.pop("timestamp", None)
    about["component"]["type"] = "application"
    about["component"].setdefault("properties", []).append({"name": LOCK_DIGEST, "value": digest})
    save_json(to, content)
    return len(content["components"])


def _exported(checkout: Checkout, groups: tuple[str, ...]) -> dict[str, Any]:
    try:
        # Of another Python it would look for one, and fetch one.
        done = call(checkout, ["uv", *_EXPORT, *groups], {"UV_PYTHON": sys.executable})
    except FileNotFoundError:
        raise UserError(
            "there is no `uv`, which reads uv.lock: `make setup` installs it, or `pip install uv`"
        ) from None
    if done.returncode != 0:
        reason = " ".join(done.stderr.split())[:300]
        raise UserError(f"`uv export` failed: {reason}: `make setup` installs the uv that this project knows")
    return json.loads(done.stdout)
