"""Whether the challenger takes the champion's place, and why."""

from dataclasses import dataclass
from enum import StrEnum

from alexnet_pipe.base.terminal import with_interval
from alexnet_pipe.evaluation.significance import wilson_interval
from alexnet_pipe.params.promotion import PromotionParams
from alexnet_pipe.project.checkout import Checkout
from alexnet_pipe.project.registry import champion
from alexnet_pipe.project.revisions import WORKSPACE, open_revision, results_of, same_model
from alexnet_pipe.promotion.comparison import Comparison, compare


class Verdict(StrEnum):
    """What becomes of the challenger."""

    PROMOTED = "promoted"
    REFUSED = "refused"
    UNCHANGED = "unchanged"


@dataclass(frozen=True)
class Decision:
    """
    Attributes:
        verdict: What becomes of the challenger.
        reason: Why, in one line.
        champion: The git tag of the champion, if there is one.
        comparison: The numbers, if the two could be compared.
    """

    verdict: Verdict
    reason: str
    champion: str | None
    comparison: Comparison | None = None


def decide(copy: Checkout, promotion: PromotionParams) -> Decision:
    """Compare the model in `copy` with the champion."""
    now = champion(copy.root, promotion.stage)
    if now is None:
        return Decision(Verdict.PROMOTED, f"no model has the stage {promotion.stage} yet", None)
    if same_model(copy, now):
        return Decision(Verdict.UNCHANGED, f"the model is the champion, {now}", now)
    comparison = compare(*(results_of(open_revision(copy.root, name)) for name in (now, WORKSPACE)))
    if comparison is None:
        reason = (
            f"the test images are not those of {now}, so nobody can say which model is better: give the data set a "
            "test split of its own, or assign the stage by hand"
        )
        return Decision(Verdict.REFUSED, reason, now)
    better = comparison.p_value_lower <= promotion.significance
    verdict = Verdict.PROMOTED if better else Verdict.REFUSED
    return Decision(verdict, _reason(comparison, promotion.significance), now, comparison)


def decision_markdown(decision: Decision, version: str | None) -> str:
    """Verdict, reason and numbers; `version` is the git tag of a model that was promoted."""
    lines = [f"**{decision.verdict.capitalize()}**{f' as `{version}`' if version else ''}: {decision.reason}."]
    if numbers := decision.comparison:
        difference, low, high = numbers.difference
        lines += [
            "",
            f"| {numbers.images:,} test images, ten views | `{decision.champion}` | challenger |",
            "|---|--:|--:|",
            f"| top-1 error | {_share(numbers.first_errors, numbers.images)} | "
            f"{_share(numbers.second_errors, numbers.images)} |",
            f"| right where the other is wrong | {numbers.lost:,} | {numbers.won:,} |",
            "",
            f"Difference: {with_interval(difference, low, high, '+.2%')}. McNemar's exact test, one-sided: "
            f"p = {numbers.p_value_lower:.4g}.",
        ]
    return "\n".join(lines)


def _reason(numbers: Comparison, significance: float) -> str:
    errors = f"top-1 error {_per_cent(numbers.second_errors, numbers.images)} against the champion's "
    errors += _per_cent(numbers.first_errors, numbers.images)
    if numbers.p_value_lower <= significance:
        return f"{errors}, lower beyond chance (p = {numbers.p_value_lower:.2g})"
    if numbers.second_errors < numbers.first_errors:
        return f"{errors}, which chance may explain (p = {numbers.p_value_lower:.2g}, more than {significance:g})"
    return f"{errors}, not lower"


def _per_cent(count: int, total: int) -> str:
    return f"{count / total:.2%}"


def _share(count: int, total: int) -> str:
    return with_interval(count / total, *wilson_interval(count, total))
