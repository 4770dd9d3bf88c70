"""The exceptions that are meant for the user's eyes."""

import signal

from alexnet_pipe.base.terminal import printable, without_secrets


class UserError(Exception):
    """What is wrong, where, and what to do about it, in one line; shown without a traceback.

    It may quote names, addresses and what other programs said: its text is printable and has no secrets, wherever it is
    shown, logged or sent.

    Attributes:
        status: The exit status that the command ends with.
    """

    status = 1

    def __str__(self) -> str:
        return printable(without_secrets(super().__str__()))


class StoppedError(BaseException):
    """A signal, by its `number`, has ended the work; what was done is kept.

    No library takes it for a failure that it can go on after.
    """

    def __init__(self, number: int, advice: str = "; run the same command again to go on") -> None:
        super().__init__(f"stopped by {signal.Signals(number).name}{advice}")
        self.number = number
        self.status = 128 + number


class TransientError(UserError):
    """What may well succeed if it is tried again later, as when a server does not answer."""

    PREFIX = "temporary failure: "
    """What its line begins with, so that whoever runs the command can tell."""
