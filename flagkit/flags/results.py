"""What became of each code: the records that a download returns."""

from dataclasses import dataclass
from enum import Enum
from typing import Self

__all__ = ["Result", "Status", "Tally"]


class Status(Enum):
    """The three ends that a code can come to."""

    OK = "ok"
    NOT_FOUND = "not found"
    ERROR = "error"


@dataclass(frozen=True, slots=True)
class Result:
    """The end of one code; `detail` says in a few words what went wrong, and is empty for a flag that was saved."""

    code: str
    status: Status
    detail: str = ""
    size_bytes: int = 0
    attempts: int = 0
    """Requests made; 0 when none could be."""

    @classmethod
    def failed(cls, code: str, error: BaseException | str, attempts: int = 0) -> Self:
        """Return the result of a code whose download ended in `error`."""
        detail = error if isinstance(error, str) else (str(error) or type(error).__name__)
        return cls(code, Status.ERROR, " ".join(detail.split()), attempts=attempts)


@dataclass(frozen=True, slots=True)
class Tally:
    """The ends of all codes of a run, in the order in which they came, and how the run went."""

    results: tuple[Result, ...]
    workers: int
    elapsed_s: float
    pools_replaced: int = 0
    """How often a worker died and its pool was replaced."""

    def count(self, status: Status) -> int:
        """Return the number of codes that ended in `status`."""
        return sum(result.status is status for result in self.results)

    @property
    def downloaded(self) -> int:
        """Flags that were saved."""
        return self.count(Status.OK)

    @property
    def not_found(self) -> int:
        """Codes for which the server has no flag."""
        return self.count(Status.NOT_FOUND)

    @property
    def errors(self) -> int:
        """Codes that could not be downloaded or saved."""
        return self.count(Status.ERROR)
