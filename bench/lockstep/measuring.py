"""A whole run: pilot, sizes, generations, files; what is measured is kept whatever stops it."""

import signal
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from bench.instrument import units
from bench.instrument.command_line import words
from bench.lockstep import interruption, summary
from bench.lockstep.arms import Arm, ArmError
from bench.lockstep.controller import Lockstep
from bench.lockstep.output import Files
from bench.lockstep.progress import Progress
from bench.lockstep.recording import Why
from bench.lockstep.sizes import SizeError, choose

if TYPE_CHECKING:
    from bench.lockstep.cost import Clock
    from bench.lockstep.recording import Recording

FAILED = 1
USER_ERROR = 2
INTERRUPTED = 130


def measure(
    arms: Sequence[Arm],
    *,
    base: str,
    arguments: Sequence[str],
    folder: Path,
    budget_s: float,
    generations: int | None,
    seed: int,
    timeout_s: float,
) -> int:
    """Measure, write the files, say what was found; returns the exit status.

    That is 0; 1 where a benchmark failed on an arm, or an arm was lost on the way; 2 after an error of the user's;
    130 when interrupted.
    """
    progress = Progress(sys.stderr)
    run = _Run(folder, progress, seed)
    try:
        folder.mkdir(parents=True, exist_ok=True)
        with (
            interruption.heeded(),
            Lockstep(
                arms,
                base=base,
                arguments=arguments,
                seed=seed,
                timeout_s=timeout_s,
                watcher=progress,
                describe=True,
            ) as lockstep,
        ):
            run.measure(lockstep, budget_s, generations)
    except (ArmError, SizeError, OSError) as error:
        progress.close()
        progress.say(f"error: {words(error)}")
        return FAILED if run.keep() else USER_ERROR
    except KeyboardInterrupt:
        progress.close()
        progress.say("interrupted")
        run.keep()
        return INTERRUPTED
    return run.finish()


class _Run:
    """What is kept of a run, however it ends."""

    def __init__(self, folder: Path, progress: Progress, seed: int) -> None:
        self._folder = folder
        self._progress = progress
        self._seed = seed
        self._files: Files | None = None
        self._measured: tuple[Recording, Clock] | None = None

    def measure(self, lockstep: Lockstep, budget_s: float, generations: int | None) -> None:
        """Choose the sizes, then measure; what is there after each generation is written."""
        say = self._progress.say
        if lockstep.cores.reason:
            say(f"not pinned to cores: {lockstep.cores.reason}; expect wide intervals")
        self._progress.title = "pilot:"
        sizes = choose(lockstep, budget_s, generations)
        self._progress.close()
        self._progress.title = "measured"
        width = ""
        if sizes.half_width is not None:
            width = f"; intervals of about {units.number(100 * sizes.half_width)}% either way"
        say(
            f"fixed from here on: {sizes.generations} generations of {sizes.rounds} rounds, "
            f"about {units.seconds(sizes.expected_s)}{width}"
        )
        self._files = Files(self._folder, lockstep, self._seed, sizes)
        for self._measured in lockstep.record(sizes.generations, sizes.rounds):
            self._write(is_complete=False)
        self._progress.close()

    def keep(self) -> bool:
        """Write what was measured before the run was stopped; return whether there is anything, and it could be."""
        try:
            with _undisturbed():
                written = self._write(is_complete=False)
        except OSError as error:
            self._progress.say(f"error: what was measured is not kept: {words(error)}")
            return False
        if written:
            self._progress.say(f"what was measured is kept: {', '.join(map(str, written))}")
        return bool(written)

    def finish(self) -> int:
        """Write the files under their names, say what was found, and return the exit status."""
        try:
            with _undisturbed():
                written = self._write(is_complete=True)
        except OSError as error:
            self._progress.say(f"error: {words(error)}")
            return FAILED
        if self._measured is None or not written:
            self._progress.say("error: no benchmark was measured to its end")
            return FAILED
        recording, clock = self._measured
        for line in (*summary.lines(recording, clock.cost()), f"written: {', '.join(map(str, written))}"):
            print(line)  # noqa: T201 - a command talks
        failed = any(refusal.why in {Why.FAILED, Why.DIED} for refusal in recording.refusals)
        return FAILED if failed else 0

    def _write(self, *, is_complete: bool) -> list[Path]:
        if self._files is None or self._measured is None or not self._measured[0].rounds:
            return []
        recording, clock = self._measured
        return self._files.write(recording, clock.cost(), is_complete=is_complete)


@contextmanager
def _undisturbed() -> Iterator[None]:
    """Ignore further signals while files are written, which is short."""
    before = {number: signal.signal(number, signal.SIG_IGN) for number in (signal.SIGINT, signal.SIGTERM)}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
