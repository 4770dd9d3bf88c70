"""What a retraining decides: whether the source has something newer, and whether the new model is promoted."""

import re
import sys
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from functools import partial
from pathlib import Path

import pandas as pd

from alexnet_pipe.base.errors import UserError
from alexnet_pipe.base.terminal import printable
from alexnet_pipe.evaluation.significance import Comparison, share_with_interval
from alexnet_pipe.params.load import load_params
from alexnet_pipe.params.preset import override_params
from alexnet_pipe.params.promotion import PromotionParams
from alexnet_pipe.project.checkout import Checkout, call
from alexnet_pipe.project.revisions import NAME, champion, open_revision, registered_versions, same_model
from alexnet_pipe.promotion.contest import Contest, IncomparableError, Results, contest, read_results, retested
from alexnet_pipe.promotion.gates import lost_slice, low_recall

_NEWER = 3
_NEWEST = re.compile(r"now there is version (\d+)$")


class SourceError(UserError):
    """The source cannot be asked; the message is the stage's reason."""


def news(checkout: Checkout) -> str | None:
    """What the source has that `checkout` has not, in one line, or None; one cheap request.

    Raises:
        SourceError: if it does not answer.
    """
    command = [sys.executable, "-m", "alexnet_pipe", "stage", "download", "--check"]
    asked = call(checkout, command, {"PYTHONPATH": "src"})
    said = (asked.stdout if asked.returncode in (0, _NEWER) else asked.stderr).strip().splitlines()[-1]
    if asked.returncode not in (0, _NEWER):
        raise SourceError(said.removeprefix("alexnet-pipe: "))
    return said.removeprefix("download: ") if asked.returncode == _NEWER else None


def follow(root: Path, found: str) -> None:
    """Let `params.yaml` name the version of a Kaggle data set that `news` has found, where it names one."""
    location = load_params(root / "params.yaml").dataset.location or ""
    pinned, newest = re.fullmatch(r"(.+/versions/)\d+", location), _NEWEST.search(found)
    if pinned and newest:
        override_params(root, {"dataset.location": pinned[1] + newest[1]})


COMMITTED = "HEAD"
"""The revision of the model that is to be beaten where none has been registered yet."""

BY_HAND = "`alexnet-pipe promote` gives it the stage all the same"
"""What can be done about a refusal that a better model alone will not end."""

Retest = Callable[[Checkout, str, Sequence[str]], Mapping[str, str]]
"""What `contest.retested` does."""


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
        contest: The numbers, if the challenger was compared with the champion or with the committed model.
        remedy: What to do, if training a better model is not enough.
    """

    verdict: Verdict
    reason: str
    champion: str | None
    contest: Contest | None = None
    remedy: str = ""

    @property
    def told(self) -> str:
        """Reason and remedy."""
        return "; ".join(filter(None, (self.reason, self.remedy)))


def decide(copy: Checkout, promotion: PromotionParams, retest: Retest = retested) -> Decision:
    """Compare the model in `copy` with the champion, or with the committed model where there is no champion yet.

    `copy` is a clone of the project's last commit, in which all stages have run.

    Raises:
        UserError: if results cannot be had, or the champion cannot be tested again.
    """
    now = champion(copy.root, promotion.stage)
    if now and (decided := _registered_already(copy, now)):
        return decided
    challenger = read_results(open_revision(copy.root))
    if reason := _too_wrong(challenger.tested, promotion) or low_recall(challenger.tested, promotion):
        return Decision(Verdict.REFUSED, reason, now, remedy=BY_HAND)
    first = f"no model has the stage {promotion.stage} yet"
    rival = _rival(copy, now)
    if rival is None:
        return Decision(Verdict.PROMOTED, first, None)
    if now is None and same_model(copy, COMMITTED):
        return Decision(Verdict.PROMOTED, f"{first}, and this is the committed one", None)
    try:
        found = contest(rival, challenger, partial(retest, copy, now or COMMITTED))
    except IncomparableError as error:
        if now is None:
            return Decision(Verdict.PROMOTED, f"{first}, and the committed one cannot be compared: {error}", None)
        return Decision(Verdict.REFUSED, f"{now} cannot be compared with it: {error}", now, remedy=BY_HAND)
    reason = _reason(found.comparison, now is not None, promotion.significance)
    if found.comparison.p_value_lower > promotion.significance:
        return Decision(Verdict.REFUSED, reason, now, found)
    if lost := lost_slice(found.images, promotion):
        return Decision(Verdict.REFUSED, f"{reason}, but {lost}", now, found, remedy=BY_HAND)
    return Decision(Verdict.PROMOTED, reason, now, found)


def decision_markdown(decision: Decision, version: str | None) -> str:
    """Verdict, reason and numbers; `version` is the git tag of a model that was promoted."""
    lines = [f"**{decision.verdict.capitalize()}**{f' as `{version}`' if version else ''}: {decision.told}."]
    if decision.contest:
        numbers = decision.contest.comparison
        difference, low, high = numbers.difference
        rival = f"`{decision.champion}`" if decision.champion else "committed"
        lines += [
            "",
            f"| {numbers.images:,} test images, ten views | {rival} | challenger |",
            "|---|--:|--:|",
            f"| top-1 error | {share_with_interval(numbers.first_errors, numbers.images)} | "
            f"{share_with_interval(numbers.second_errors, numbers.images)} |",
            f"| right where the other is wrong | {numbers.lost:,} | {numbers.won:,} |",
            "",
            f"Difference: {difference:+.2%} ({low:+.2%} to {high:+.2%}). McNemar's exact test, one-sided: "
            f"p = {numbers.p_value_lower:.4g}. {_which_images(decision.contest)}",
        ]
    return "\n".join(lines)


def _registered_already(copy: Checkout, now: str) -> Decision | None:
    if same_model(copy, now):
        return Decision(Verdict.UNCHANGED, f"the model is the champion, {now}", now)
    for version, commit in registered_versions(copy.root).items():
        if same_model(copy, commit):
            reason = f"the model is {NAME}@{version}, whose place {now} has taken"
            return Decision(Verdict.REFUSED, reason, now, remedy=BY_HAND)
    return None


def _rival(copy: Checkout, now: str | None) -> Results | None:
    """The champion; or what the commit has, if that has results at all."""
    if now:
        return read_results(open_revision(copy.root, now))
    try:
        return read_results(open_revision(copy.root, COMMITTED))
    except UserError:
        return None


def _too_wrong(tested: pd.DataFrame, promotion: PromotionParams) -> str | None:
    images, right = len(tested), int((tested["predicted"] == tested["actual"]).sum())
    error = f"top-1 error {_per_cent(images - right, images)} on {images:,} test images"
    if promotion.max_error is not None:
        more = images - right > promotion.max_error * images
        return f"{error}, more than promotion.max_error ({promotion.max_error:.2%})" if more else None
    from scipy.stats import binomtest  # Slow to import, and needed after the training only.

    frequent = tested["actual"].value_counts()
    guessed = binomtest(right, images, frequent.iloc[0] / images, alternative="greater")
    if guessed.pvalue <= promotion.significance:
        return None
    return (
        f"{error}, and always guessing {printable(frequent.index[0])} would give "
        f"{_per_cent(images - frequent.iloc[0], images)}: not lower beyond chance (p = {guessed.pvalue:.2g}, more than "
        f"{promotion.significance:g}; promotion.max_error sets another limit)"
    )


def _reason(numbers: Comparison, of_champion: bool, significance: float) -> str:
    errors = f"top-1 error {_per_cent(numbers.second_errors, numbers.images)} against "
    errors += f"{'the champion' if of_champion else 'the committed model'}'s "
    errors += f"{_per_cent(numbers.first_errors, numbers.images)} on the same {numbers.images:,} test images"
    if numbers.p_value_lower <= significance:
        return f"{errors}, lower beyond chance (p = {numbers.p_value_lower:.2g})"
    if numbers.second_errors < numbers.first_errors:
        return f"{errors}, which chance may explain (p = {numbers.p_value_lower:.2g}, more than {significance:g})"
    return f"{errors}, not lower"


def _which_images(found: Contest) -> str:
    said = [f"On {found.asked:,} of these images the older model was tested for the first time."] if found.asked else []
    if found.left_out:
        said.append(
            f"{found.left_out:,} more test images are left out: the older model has learned from them, or takes images "
            "that are prepared in another way."
        )
    return " ".join(said)


def _per_cent(count: int, total: int) -> str:
    return f"{count / total:.2%}"
