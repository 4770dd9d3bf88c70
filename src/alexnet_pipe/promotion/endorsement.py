"""Who stands for a model that is promoted: a signature is made where there is a key, and verified where it must be."""

import os
from pathlib import Path

from alexnet_pipe.base.errors import UserError
from alexnet_pipe.base.paths import Artifacts
from alexnet_pipe.params.load import load_params
from alexnet_pipe.project.checkout import Checkout, git
from alexnet_pipe.project.revisions import Revision, same_model
from alexnet_pipe.provenance.signature import sign, verify, verify_revision
from alexnet_pipe.provenance.signing_keys import KEY, require_library, require_private_key, require_public_key


def papers(artifacts: Artifacts) -> tuple[Path, ...]:
    """What a promotion commits beside what git has already."""
    return artifacts.card, artifacts.statement, artifacts.signature


def require_ready(project: Checkout) -> None:
    """Find out before a training whether its model could be signed and committed after it.

    Raises:
        UserError: with the reason.
    """
    wanted, key = _wanted(project), os.environ.get(KEY)
    if wanted or key:
        require_library()
    if wanted:
        require_public_key(wanted)
        if not key:
            raise UserError(f"promotion.signed_by is set, and {KEY} is not: it says where the private key is")
    if key:
        require_private_key(Path(key))
    names = [str(path.relative_to(project.root)) for path in papers(Artifacts(project.root))]
    if unknown := git(project, "ls-files", "--others", "--", *names).splitlines():
        raise UserError(
            f"{unknown[0]} is not committed, and a promotion commits its own: `git add` and commit it, or remove it"
        )


def endorse(project: Checkout, copy: Checkout) -> None:
    """Sign the model that was made in `copy`, if there is a key, and verify it, if the `project` wants that.

    Raises:
        UserError: if it cannot be signed.
        SignatureError: if the owner of `promotion.signed_by` has not signed it.
    """
    artifacts = Artifacts(copy.root)
    if key := os.environ.get(KEY):
        sign(artifacts.model, Path(key))
    elif not same_model(copy, "HEAD"):  # That of the champion before.
        artifacts.signature.unlink(missing_ok=True)
    if wanted := _wanted(project):
        verify(artifacts.model, wanted)


def require_endorsed(project: Checkout, revision: Revision) -> None:
    """
    Raises:
        SignatureError: if the owner of the project's `promotion.signed_by` has not signed the model of `revision`.
    """
    if wanted := _wanted(project):
        verify_revision(revision, wanted)


def _wanted(project: Checkout) -> Path | None:
    """The key whose owner must sign, as the project says: a challenger's own settings do not decide that."""
    signed_by = load_params(project.root / "params.yaml").promotion.signed_by
    return project.root / signed_by if signed_by else None
