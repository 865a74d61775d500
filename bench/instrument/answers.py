"""Targets with the answers that they have to give: a wrong one is a failed benchmark, never a fast one."""

import reprlib
from collections.abc import Callable
from typing import Generic, TypeVar

Result = TypeVar("Result")


class WrongAnswerError(AssertionError):
    """A benchmark computed something else than it should, so how long it took is of no interest."""


class Checked(Generic[Result]):
    """A target and what its result has to be."""

    def __init__(self, target: Callable[[], Result], expect: Callable[[Result], object]) -> None:
        self.target = target
        self._expect = expect

    def by_itself(self) -> "Single[Result]":
        """Return the same, of which every result is checked."""
        return Single(self.target, self._expect, None, None)

    def check(self, result: Result) -> Result:
        """Return the result; raise WrongAnswerError where ``expect`` returns a false value other than None."""
        __tracebackhide__ = True
        verdict = self._expect(result)
        if verdict is not None and not verdict:
            raise WrongAnswerError(f"wrong answer: {reprlib.repr(result)}")
        return result


class Single(Checked[Result]):
    """A target that is called once a round, with what has to be done before and after it."""

    last: Result

    def __init__(
        self,
        target: Callable[[], Result],
        expect: Callable[[Result], object],
        setup: Callable[[], object] | None,
        teardown: Callable[[Result], object] | None,
    ) -> None:
        super().__init__(target, expect)
        self._setup = setup
        self._teardown = teardown

    def before_round(self) -> None:
        """Set up; returns None whatever the set-up returns, which pedantic would take for arguments."""
        if self._setup is not None:
            self._setup()

    def timed(self) -> None:
        """Call the target and keep its result for what follows the round."""
        self.last = self.target()

    def after_round(self) -> Result:
        """Check the result of the round, and tear it down even if it is wrong."""
        try:
            return self.check(self.last)
        finally:
            if self._teardown is not None:
                self._teardown(self.last)
