"""What a workload is: a function, the items that it is mapped over, and another way to the right answer."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any, Literal

__all__ = ["Workload", "WrongAnswerError"]


class WrongAnswerError(AssertionError):
    """A workload's results are not what an independent computation says."""


@dataclass(frozen=True, slots=True)
class Workload:
    """`function` mapped over `items`; `oracle` computes the same result for an item by another way.

    `gil` says whether the function holds the GIL throughout or releases it for most of its time.
    """

    name: str
    summary: str
    function: Callable[[Any], Any]
    items: tuple[Any, ...]
    oracle: Callable[[Any], Any]
    gil: Literal["held", "released"]
    numpy: bool = False

    def unavailable(self, family: str) -> str | None:
        """Return why workers of an executor family cannot run it; None when they can."""
        if self.numpy and family == "interpreter":
            return "numpy does not load in a subinterpreter"
        return None

    def serial(self) -> list[Any]:
        """Return the results, computed one after the other by a plain loop: what every executor is compared with."""
        return [self.function(item) for item in self.items]

    def expected(self) -> list[Any]:
        """Return the right results, in the order of the items."""
        return [self.oracle(item) for item in self.items]

    def check(self, results: Iterable[Any]) -> None:
        """Raise WrongAnswerError unless `results` are the right ones, in order."""
        if (results := list(results)) != (expected := self.expected()):
            raise WrongAnswerError(f"{self.name}: expected {expected}, found {results}")
