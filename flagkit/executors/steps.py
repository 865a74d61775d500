"""The record of a traced task: when each of the ten steps began and ended, and how long it took."""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Self

from flagkit.executors.stamps import CLOCK, Trail

__all__ = ["Step", "Task"]


class Step(StrEnum):
    """The ten steps of a process pool's task, in their order."""

    QUEUE = "queue"
    """From the call of submit() until the pool pickles the item, or runs it where it pickles nothing."""
    PICKLE = "pickle"
    """The function and its arguments, in the caller's process."""
    SEND = "send"
    """Until a worker begins to read the item: on the way, and waiting there while no worker is free."""
    UNPICKLE = "unpickle"
    """The arguments, in the worker."""
    IMPORT = "import"
    """The function, in the worker, which imports its module where that is new to it."""
    RUN = "run"
    PICKLE_RESULT = "pickle result"
    SEND_BACK = "send back"
    """From the end of the function until the caller's process begins to read the result, but for pickling it."""
    UNPICKLE_RESULT = "unpickle result"
    MERGE = "merge"
    """Until the future has the result."""


@dataclass(frozen=True, slots=True)
class Task:
    """When what was done for a task, in nanoseconds of `perf_counter_ns`; None for what was not done or is not known.

    What was done in a worker is known where the task has a result. Times from unpickle_began to result_pickle_ended are
    of the worker's clock: see `is_one_clock`.
    """

    function: str
    """Module and qualified name."""
    submitted: int
    pickle_began: int | None
    pickle_ended: int | None
    unpickle_began: int | None
    function_loaded: int | None
    instrument_loaded: int | None
    """The module of the tracing itself, after the function's."""
    unpickle_ended: int | None
    run_began: int | None
    run_ended: int | None
    result_pickle_began: int | None
    result_pickle_ended: int | None
    result_unpickle_began: int | None
    result_unpickle_ended: int | None
    done: int
    """Just before the future had its result or exception, or was cancelled."""
    worker: tuple[int, int] | None
    """Process id and native thread id of who ran it."""
    is_first: bool
    """Whether it was the first with its function's module on this worker, of those that were traced."""
    is_one_clock: bool
    """Whether worker and caller read the same clock. Where they do not (two machines), only both ways together are
    known, and SEND and SEND_BACK are half of that each."""
    failure: str | None
    """The name of the exception's type; None for a task with a result."""

    @classmethod
    def of(cls, trail: Trail) -> Self:
        """Return the record of a task that is done."""
        unpickle_began, function_loaded, instrument_loaded, unpickle_ended = trail.there or (None,) * 4
        run_began, run_ended = trail.run or (None,) * 2
        result_pickle_began, result_pickle_ended, result_unpickle_began, result_unpickle_ended = (
            trail.back or (None,) * 4
        )
        return cls(
            function=".".join(trail.function),
            submitted=trail.submitted,
            pickle_began=trail.pickle_began or None,
            pickle_ended=trail.pickle_ended or None,
            unpickle_began=unpickle_began,
            function_loaded=function_loaded,
            instrument_loaded=instrument_loaded,
            unpickle_ended=unpickle_ended,
            run_began=run_began,
            run_ended=run_ended,
            result_pickle_began=result_pickle_began,
            result_pickle_ended=result_pickle_ended,
            result_unpickle_began=result_unpickle_began,
            result_unpickle_ended=result_unpickle_ended,
            done=trail.done,
            worker=None if trail.worker is None else trail.worker[:2],
            is_first=trail.is_first,
            is_one_clock=trail.worker is None or trail.worker[2] == CLOCK,
            failure=trail.failure,
        )

    @property
    def end_to_end_ns(self) -> int:
        """From the call of submit() until the future was done."""
        return self.done - self.submitted

    @property
    def instrument_ns(self) -> int:
        """What a worker took to load the module of the tracing: much for its first task, next to nothing later."""
        return _between(self.function_loaded, self.instrument_loaded)

    @property
    def residual_ns(self) -> int:
        """What belongs to no step: in the worker, between reading the task and running it.

        For a task that failed, all that followed the last step that is known.
        """
        return self.end_to_end_ns - self.instrument_ns - sum(self.steps().values())

    def steps(self) -> Mapping[Step, int]:
        """Return the nanoseconds of each step, in their order; 0 for one that was not needed or is not known."""
        taken_up = self.run_began if self.pickle_began is None else self.pickle_began
        had = self.run_ended if self.result_unpickle_ended is None else self.result_unpickle_ended
        send, send_back = self._sending()
        return {
            Step.QUEUE: _between(self.submitted, taken_up),
            Step.PICKLE: _between(self.pickle_began, self.pickle_ended),
            Step.SEND: send,
            Step.UNPICKLE: _between(self.instrument_loaded, self.unpickle_ended),
            Step.IMPORT: _between(self.unpickle_began, self.function_loaded),
            Step.RUN: _between(self.run_began, self.run_ended),
            Step.PICKLE_RESULT: _between(self.result_pickle_began, self.result_pickle_ended),
            Step.SEND_BACK: send_back,
            Step.UNPICKLE_RESULT: _between(self.result_unpickle_began, self.result_unpickle_ended),
            Step.MERGE: _between(had, self.done),
        }

    def _sending(self) -> tuple[int, int]:
        """Return the time there, up to a worker, and back, from where it has run the task."""
        there = _between(self.pickle_ended, self.unpickle_began)
        back = _between(self.run_ended, self.result_pickle_began)
        back += _between(self.result_pickle_ended, self.result_unpickle_began)
        if self.is_one_clock:
            return there, back
        half = (there + back) // 2
        return half, there + back - half


def _between(began: int | None, ended: int | None) -> int:
    return 0 if began is None or ended is None else ended - began
