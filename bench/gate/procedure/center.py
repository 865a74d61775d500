"""Where log ratios lie and how surely: trimmed means over rounds and over generations, these with a standard error."""

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from scipy import stats
from scipy.stats import mstats

TRIM = 1 / 8
"""Cut from each end. A process that lands on an unlucky layout or beside a neighbour's burst is one generation in ten
or twenty; a fifth holds them, and costs a tenth of the efficiency that the mean has where noise is normal."""

CONFIDENCE = 0.95


@dataclass(frozen=True, slots=True)
class Center:
    """A trimmed mean of `n` log ratios and its standard error (of the winsorised values, after Tukey and McLaughlin).

    `freedom` is the degrees of freedom of the t distribution that goes with it: one less than the values kept.
    """

    value: float
    error: float
    n: int
    freedom: int

    @property
    def spread(self) -> float:
        """The standard deviation of one generation that this error stands for."""
        return self.error * math.sqrt(self.n)

    def interval(self, confidence: float = CONFIDENCE) -> tuple[float, float]:
        """Return the two-sided t interval."""
        half = float(stats.t.ppf((1 + confidence) / 2, self.freedom)) * self.error
        return self.value - half, self.value + half


def of_rounds(logs: npt.ArrayLike) -> float:
    """Return the log ratio of a generation from those of its paired rounds.

    A median would do as well for noise, and not see a tail: where a call in twenty is slow, less than half of the short
    rounds hold such a call.
    """
    return float(stats.trim_mean(np.asarray(logs, dtype=float), TRIM))


def center(logs: Sequence[float]) -> Center:
    """Estimate from one log ratio a generation; raises ValueError for fewer than three."""
    values = np.asarray(logs, dtype=float)
    if values.size < 3:  # noqa: PLR2004 - said above
        raise ValueError(f"{values.size} generations are too few for an estimate: at least 3 are needed")
    cut = int(TRIM * values.size)
    # scipy divides by the share that is kept by TRIM. Whole values are cut: of four none, and all are kept.
    by_trim = float(mstats.trimmed_stde(values, limits=(TRIM, TRIM)))
    error = by_trim * (1 - 2 * TRIM) / (1 - 2 * cut / values.size)
    return Center(float(stats.trim_mean(values, TRIM)), error, int(values.size), int(values.size) - 2 * cut - 1)
