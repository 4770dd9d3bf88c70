"""The paper's learning-rate rule: divide by 10 when the validation error stops falling, then stop (section 5)."""

from dataclasses import dataclass, replace

FACTOR = 10


@dataclass(frozen=True)
class Plateau:
    """
    Attributes:
        rate: The learning rate of the next epoch.
        patience: Epochs without a lower error before the rate is cut.
        cuts_left: How often the rate may still be cut.
        best: The lowest validation error so far.
        waited: Epochs since then, or since the last cut.
        finished: Whether the last cut has brought nothing either.
    """

    rate: float
    patience: int
    cuts_left: int
    best: float = float("inf")
    waited: int = 0
    finished: bool = False

    def after(self, error: float) -> "Plateau":
        """The state after an epoch that ended with this validation error."""
        if error < self.best:
            return replace(self, best=error, waited=0)
        if self.waited + 1 < self.patience:
            return replace(self, waited=self.waited + 1)
        if self.cuts_left == 0:
            return replace(self, waited=self.waited + 1, finished=True)
        return replace(self, rate=self.rate / FACTOR, cuts_left=self.cuts_left - 1, waited=0)
