"""What is said of a photograph that cannot be used."""


class RefusedError(Exception):
    """A file that cannot be used: a short reason, and what the decoder said, in one line."""

    def __init__(self, reason: str, detail: str) -> None:
        detail = " ".join(detail.split())
        super().__init__(f"{reason}: {detail}")
        self.reason = reason
        self.detail = detail
