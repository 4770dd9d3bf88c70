"""Keys to sign models with, and a model that is signed."""

import json
from pathlib import Path

from alexnet_pipe.base.fingerprint import file_digest
from alexnet_pipe.provenance.signing_keys import new_key


def key_pair(folder: Path, name: str = "signing.pem") -> tuple[Path, Path]:
    """A private key and its public one, outside of any repository."""
    return folder / name, new_key(folder / name)


def write_model(path: Path, content: str = "weights", commit: str = "12345678" * 5) -> Path:
    """A model's file, and a statement about it beside it."""
    path.parent.mkdir(exist_ok=True)
    path.write_text(content)
    code = {"name": "code", "digest": {"gitCommit": commit}, "annotations": {"changesNotCommitted": True}}
    path.with_suffix(".intoto.json").write_text(
        json.dumps(
            {
                "subject": [{"name": path.name, "digest": {"sha256": file_digest(path)}}],
                "predicate": {"buildDefinition": {"resolvedDependencies": [code]}},
            }
        )
    )
    return path
