"""`alexnet-pipe certify`."""

from pathlib import Path
from typing import TYPE_CHECKING

from alexnet_pipe.base.errors import StoppedError, UserError

if TYPE_CHECKING:
    from alexnet_pipe.certificate.certify import Certificate


def certify() -> None:
    """Run the last commit's pipeline once more from nothing, and say what comes out the same.

    It starts from the source, in a clean clone, without DVC's caches and without checkpoints. The exit status is 1 if a
    data artifact differs.
    """
    from alexnet_pipe.certificate.certify import certify as run

    try:
        certificate = run(Path())
    except StoppedError as stopped:
        stopped.args = ("certify was interrupted: nothing is certified, and its clone is gone",)
        raise
    _show(certificate)


def _show(certificate: "Certificate") -> None:
    width = max(len(artifact.path) for artifact in certificate.artifacts)
    for artifact in certificate.artifacts:
        print(f"{artifact.path:{width}}  {'' if artifact.same else 'differs: '}{artifact.note}")
    print(certificate.training)
    print("report/certificate.json says so; `dvc repro` makes the page that shows it")
    differ = [each.path for each in certificate.artifacts if each.kind == "data" and not each.same]
    if differ:
        raise UserError(f"the data does not repeat: {', '.join(differ)} differ")
