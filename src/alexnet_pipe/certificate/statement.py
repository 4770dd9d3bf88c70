"""What a second training says about the first: the same bytes, or by how much the two models differ."""

from collections.abc import Sequence

from alexnet_pipe.base.errors import UserError
from alexnet_pipe.certificate.artifact import Artifact
from alexnet_pipe.evaluation.comparison import Comparison
from alexnet_pipe.project.checkout import Checkout
from alexnet_pipe.project.git import git
from alexnet_pipe.project.revisions import open_revision, results_of
from alexnet_pipe.promotion.comparison import compare


def training_statement(project: Checkout, copy: Checkout, artifacts: Sequence[Artifact]) -> str:
    """Whether training the commit that `copy` is a clone of repeats to the bit, or else how the two models compare."""
    differ = [artifact.path for artifact in artifacts if artifact.kind == "training" and not artifact.same]
    if not differ:
        return "The training repeats: weights and results are the same to the bit on this machine."
    return f"The training does not repeat to the bit on this machine: {', '.join(differ)}. {_comparison(project, copy)}"


def _comparison(project: Checkout, copy: Checkout) -> str:
    try:
        before = results_of(open_revision(project.root, git(copy, "rev-parse", "HEAD")))
    except UserError:
        return "The earlier predictions are not here to compare with: `dvc fetch` gets them."
    numbers = compare(before, results_of(open_revision(copy.root)))
    return _numbers(numbers) if numbers else "The test images are not the same, so the models cannot be compared."


def _numbers(numbers: Comparison) -> str:
    difference, low, high = numbers.difference
    return (
        f"Of {numbers.images:,} test images, ten views, {numbers.first_errors:,} were wrong and "
        f"{numbers.second_errors:,} are now: {difference:+.2%} ({low:+.2%} to {high:+.2%}, 95 % interval), "
        f"{numbers.lost:,} lost and {numbers.won:,} won, McNemar's exact test p = {numbers.p_value:.2g}."
    )
