"""Generations, one after the other: the next one starts, and the last one ends, while one is measured.

To start and to end pytest takes as long as a hundred rounds. Benchmarks without workers take turns on one core, so the
next processes import what they need meanwhile, one at a time, and those of the last generation end on another core. A
process that starts is not told where to run, since suites and libraries look at the cores that they have as they are
imported; the scheduler leaves one alone on the core that is idle. It is some part of a second beside each generation,
at which no arm is favoured: turns are drawn. While a benchmark has all cores, and where there is but one, or none can
be chosen, nothing runs beside it.
"""

import time
from collections.abc import Callable
from types import TracebackType
from typing import Self

from bench.lockstep import interruption
from bench.lockstep.cost import Clock, Phase
from bench.lockstep.generation import Generation
from bench.lockstep.pinning import Cores


class Succession:
    """So many generations, made by `begin`; to be used as a context, whose end leaves no process."""

    def __init__(self, begin: Callable[[], Generation], count: int, cores: Cores, clock: Clock) -> None:
        self._begin = begin
        self._to_come = count
        self._cores = cores
        self._clock = clock
        self._last: Generation | None = None
        self._current: Generation | None = None
        self._coming: Generation | None = None

    def __enter__(self) -> Self:
        """Start nothing yet."""
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        """End all processes, politely where nothing went wrong."""
        try:
            if error is None:
                self._leave()
                self._end_last()
        finally:
            self.kill()

    def advance(self) -> Generation:
        """Return the next generation, ready; the one before has been told to leave. Raises ArmError."""
        self._leave()
        if not spare(self._cores, self._cores.one):
            self._end_last()
        with self._clock.phase(Phase.STARTING):
            begun_s = time.perf_counter()
            is_fresh = self._coming is None
            self._current, self._coming = self._coming or self._make(), None
            self._current.gather()
            if is_fresh:
                self._clock.starts_s.append(time.perf_counter() - begun_s)
        return self._current

    def meanwhile(self, busy: tuple[int, ...]) -> None:
        """Use what is free beside these cores, on which a benchmark is measured next; see to quiet if that is none.

        Raises ArmError for a generation to come that does not start.
        """
        if spare(self._cores, busy):
            if self._last is not None and self._last.has_left():
                self._end_last()
            with self._clock.phase(Phase.STARTING):
                if self._last is None and self._coming is None and self._to_come:
                    self._coming = self._make()
                if self._coming is not None:
                    self._coming.start_one()
            return
        self._end_last()
        if self._coming is not None:
            with self._clock.phase(Phase.STARTING):
                self._coming.gather()

    def kill(self) -> None:
        """End whatever there is at once."""
        with interruption.held_back():
            for generation in (self._last, self._current, self._coming):
                if generation is not None:
                    generation.kill()
            self._last = self._current = self._coming = None

    def _make(self) -> Generation:
        self._to_come -= 1
        return self._begin()

    def _leave(self) -> None:
        """Tell the current generation to leave; the last one has left by then."""
        self._end_last()
        if self._current is not None:
            with self._clock.phase(Phase.STOPPING):
                self._current.leave(spare(self._cores, self._cores.one) or self._cores.several)
            self._last, self._current = self._current, None

    def _end_last(self) -> None:
        if self._last is not None:
            with self._clock.phase(Phase.STOPPING):
                self._last.end()
            self._last = None


def spare(cores: Cores, busy: tuple[int, ...]) -> tuple[int, ...]:
    """Return the cores on which something may run while a benchmark has the busy ones."""
    return tuple(core for core in cores.several if core not in busy)
