"""How far a run is and how long it will still take: a line that is drawn anew for a person, lines for a log."""

import io
from typing import Any, TextIO

from tqdm import tqdm

FORMAT = "{desc} {n_fmt} of {total_fmt}, {elapsed} so far, about {remaining} to go"


class Progress:
    """Counts benchmarks of all generations; it is drawn between benchmarks only, and by no thread.

    Where nobody looks, in a log, there is a line after each generation instead.
    """

    def __init__(self, out: TextIO) -> None:
        self.title = "measured"
        self._out = out
        self._is_seen = out.isatty()
        self._generations = 0
        self._line: tqdm[Any] | None = None

    def begin(self, generations: int) -> None:
        """Forget what was before; so many generations follow."""
        self.close()
        self._generations = generations

    def generation(self, benchmarks: int) -> None:
        """Begin the count with the first generation; later ones may have fewer benchmarks."""
        left = self._generations * benchmarks
        self._generations -= 1
        if self._line is not None:
            self._line.total = self._line.n + left
            self._tell_log()
            return
        tqdm.monitor_interval = 0  # no thread
        self._line = tqdm(
            desc=self.title,
            total=left,
            file=self._out if self._is_seen else io.StringIO(),
            bar_format=FORMAT + "{postfix}" * self._is_seen,
            mininterval=0,
            smoothing=0,  # benchmarks differ: the average of all is the best guess
            leave=False,
            dynamic_ncols=self._is_seen,
        )

    def benchmark(self, nodeid: str) -> None:
        """Name what runs."""
        if self._line is not None:
            self._line.set_postfix_str(nodeid)

    def done(self) -> None:
        """Count what has run."""
        if self._line is not None:
            self._line.update()

    def say(self, text: str) -> None:
        """Print a line, above the one that is drawn anew."""
        tqdm.write(text, file=self._out)
        self._out.flush()

    def close(self) -> None:
        """Take the line away."""
        if self._line is not None:
            self._tell_log()
            self._line.close()
            self._line = None

    def _tell_log(self) -> None:
        if self._line is not None and not self._is_seen:
            self.say(str(self._line))


class Silent:
    """Watches nothing: whoever measures runs tells how far it is."""

    def begin(self, generations: int) -> None:
        """Do nothing."""

    def generation(self, benchmarks: int) -> None:
        """Do nothing."""

    def benchmark(self, nodeid: str) -> None:
        """Do nothing."""

    def done(self) -> None:
        """Do nothing."""
