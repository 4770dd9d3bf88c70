"""`alexnet-pipe compare`, `certify`, `promote` and `rollback`: versions beside each other, and who is the champion."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from alexnet_pipe.base.errors import StoppedError, UserError
from alexnet_pipe.base.progress import say

if TYPE_CHECKING:
    from alexnet_pipe.comparison.certify import Certificate

_REVISION = "A commit, branch, tag or experiment; alexnet@VERSION or alexnet@STAGE of the model registry; or workspace."
_PROMOTED = "A commit, branch, tag, experiment, or alexnet@VERSION; the last challenger if nothing is said."


def compare(
    first: Annotated[str, typer.Argument(metavar="REV", help=_REVISION)],
    second: Annotated[
        str, typer.Argument(metavar="REV", help="The other; the workspace if nothing is said.")
    ] = "workspace",
    html: Annotated[Path | None, typer.Option(help="Write a page with the images that changed sides.")] = None,
) -> None:
    """Compare two versions on the same test images: errors, what made them differ, and which images changed sides."""
    from alexnet_pipe.comparison.compare_page import write_page
    from alexnet_pipe.comparison.compared import compare_versions, print_comparison, read_version

    found = compare_versions(read_version(first), read_version(second))
    print_comparison(found)
    if html:
        write_page(html, found)
        say(f"compare: {html}, {html.stat().st_size / 1e6:.1f} MB")


def certify() -> None:
    """Run the last commit's pipeline once more from nothing, and say what comes out the same.

    It starts from the source, in a clean clone, without DVC's caches and without checkpoints. The exit status is 1 if a
    data artifact differs.
    """
    from alexnet_pipe.comparison.certify import certify as run

    try:
        certificate = run(Path())
    except StoppedError as stopped:
        stopped.args = ("certify was interrupted: nothing is certified, and its clone is gone",)
        raise
    _show_certificate(certificate)


def _show_certificate(certificate: "Certificate") -> None:
    paths = [*(each.path for each in certificate.artifacts), *(each.path for each in certificate.papers)]
    width = max(map(len, paths))
    for artifact in certificate.artifacts:
        say(f"{artifact.path:{width}}  {'' if artifact.same else 'differs: '}{artifact.note}")
    for paper in certificate.papers:
        say(f"{paper.path:{width}}  {paper.note}")
    say(certificate.training)
    print("report/certificate.json says so; `dvc repro` makes the page that shows it")
    differ = [each.path for each in certificate.artifacts if each.kind == "data" and not each.same]
    if differ:
        raise UserError(f"the data does not repeat: {', '.join(differ)} differ")


def promote(revision: Annotated[str | None, typer.Argument(metavar="REV", help=_PROMOTED)] = None) -> None:
    """Give a model the champion's stage by hand, whatever a retraining has decided about it.

    Without REV it is what the last `retrain`, or `run --set`, has made: it is committed, registered and brought here as
    by a retraining. The model of a REV is registered where it is, and the branch stays as it is.
    """
    from alexnet_pipe.orchestration.start import project_folder
    from alexnet_pipe.promotion.by_hand import promote_challenger, promote_revision

    project_folder()
    say(promote_revision(Path(), revision) if revision else promote_challenger(Path()))


def rollback() -> None:
    """Take the last promotion back: the champion before has its stage again, model and card.

    What the promotion has committed is reverted by a new commit, and the workspace follows. The model that was taken
    back is not promoted again by itself.
    """
    from alexnet_pipe.orchestration.start import project_folder
    from alexnet_pipe.promotion.by_hand import take_back

    project_folder()
    say(take_back(Path()))
