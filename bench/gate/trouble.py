"""Why a gate run has no answer: one line, and the exit status that goes with it."""

from bench.gate.verdict import Status

FAULT = "a fault of the gate itself"


class Trouble(Exception):  # noqa: N818 - it is what happened, of which most is nobody's error
    """A run that cannot go on; the message is one line that says what happened, and what to do where that is known."""

    def __init__(self, line: str, status: Status = Status.COULD_NOT_RUN) -> None:
        super().__init__(line)
        self.line = " ".join(line.split())
        self.status = status


def usage(line: str) -> Trouble:
    """Return the trouble of a command line that makes no sense."""
    return Trouble(line, Status.USAGE)
