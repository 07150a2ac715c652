"""The third outcome of a transform: it neither worked nor failed, it does not apply here."""


class NotApplicable(ValueError):
    """A transform has nothing to do on this row; `reason` is one word, to be counted. It never holds the text."""

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason
