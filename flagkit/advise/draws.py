"""Measurements drawn again (bootstrap): what the model calculates with, so that its results have their uncertainty.

Source: B. Efron, Bootstrap Methods: Another Look at the Jackknife, Annals of Statistics 7 (1979).
"""

from collections.abc import Callable, Iterable, Mapping, Sequence

import numpy as np
from numpy.typing import NDArray

from flagkit.advise.imbalance import mean_imbalance, spread_out
from flagkit.advise.measured import Measured
from flagkit.advise.records import Interval, KindCosts

__all__ = ["Draws"]

SIZE = 400
SIDE_BY_SIDE = 0.5
"""Up to this share of the GIL, threads are beside each other for the most part."""
COVERED = (0.05, 0.95)
"""Between these quantiles of the draws lies the interval."""


class Draws:
    """Vectors of `size` values, the same ones for all candidates, so that these can be compared draw by draw.

    `paces` are of all processes that have measured something: what they spread by, a further process will. If the same
    `runs` in several processes, a sequence for each pilot, spread by more, it is by that. `drifts` are the machine's
    since the sample was taken: all times of what follows may be so many times longer. `factors` are what pilots have
    said of the model, where they are to be those of other draws.
    """

    def __init__(
        self,
        measured: Measured,
        cores: int,
        paces: Iterable[float],
        *,
        drifts: Iterable[float] = (),
        runs: Iterable[Sequence[float]] = (),
        factors: Mapping[str, NDArray[np.float64]] | None = None,
        seed: int = 0,
    ) -> None:
        self.size = SIZE
        self.cores = cores
        self._random = np.random.default_rng(seed)
        self._drawn: dict[str, NDArray[np.float64]] = {}
        self._processes: dict[str, NDArray[np.int64]] = {}
        self._n = measured.n
        self.factors = dict(factors or {})
        sampled = np.asarray(measured.task_s)
        drawn = self._random.integers(len(sampled), size=(SIZE, len(sampled)))
        self.mean_s: NDArray[np.float64] = sampled[drawn].mean(axis=1)
        self._imbalances: dict[tuple[int, int], float] = {}
        ratios = np.asarray(measured.together_s) / np.asarray(measured.alone_s)
        self.floor_s: NDArray[np.float64] = self._random.choice(ratios, SIZE) / measured.threads * self.mean_s
        self.gil_share = measured.gil_share(cores)
        self.crowding = measured.crowding if self.gil_share < SIDE_BY_SIDE else 1.0
        """Of tasks of which a good part computes side by side in threads: of others, threads tell nothing."""
        self.crowding_apart = self.crowding if measured.has_gil else 1.0
        """Of these in processes: without a GIL it may have been objects that threads share, and processes do not."""
        spread = float(np.hypot(_spread(list(paces)), _spread(measured.alone_s)))
        spread = max(spread, _spread_within(list(runs)))
        self.noise: NDArray[np.float64] = np.exp(self._random.normal(0.0, spread, SIZE))
        """By what a single run differs from what is expected of it."""
        self._jobs = spread_out(measured.positions, measured.task_s, measured.n, self._random)
        self.drift: NDArray[np.float64] = self._random.choice(np.asarray([1.0, *drifts]), SIZE)

    def of(self, costs: KindCosts, name: str) -> NDArray[np.float64]:
        """Return draws of a kind's cost, by the name of the field; all figures of a draw are of one process."""
        values = np.asarray(getattr(costs, name))
        if costs.kind not in self._processes:
            self._processes[costs.kind] = self._random.integers(len(values), size=SIZE)
        return values[self._processes[costs.kind]]

    def again(self, values: Sequence[float], key: str) -> NDArray[np.float64]:
        """Return medians of these values drawn again, as many each time; the same ones whenever asked with that key."""
        found = self._drawn.get(key)
        if found is None:
            drawn = self._random.choice(np.asarray(values), (SIZE, len(values)))
            found = self._drawn[key] = np.median(drawn, axis=1)
        return found

    def factor(self, key: str, compute: Callable[[], NDArray[np.float64]]) -> NDArray[np.float64]:
        """Return what a pilot says of the model, computed when it is first asked for."""
        if key not in self.factors:
            self.factors[key] = compute()
        return self.factors[key]

    def imbalance(self, workers: int, chunksize: int) -> float:
        """Return how unevenly so many workers share the job's items in chunks of that size."""
        if (workers, chunksize) not in self._imbalances:
            # Of a very long job there are tasks that stand for all
            fitting = max(1, round(chunksize * len(self._jobs[0]) / self._n))
            self._imbalances[workers, chunksize] = mean_imbalance(self._jobs, workers, fitting)
        return self._imbalances[workers, chunksize]

    def interval(self, expected_s: NDArray[np.float64]) -> Interval:
        """Return the median of what is expected, and bounds for a single run."""
        low, high = np.quantile(expected_s * self.drift * self.noise, COVERED)
        # Not the median of the product: candidates are in the order of what is expected, whatever the drift
        value = float(np.median(expected_s) * np.median(self.drift))
        return Interval(value, min(float(low), value), max(value, float(high)))


def _spread(values: Sequence[float]) -> float:
    """Return the standard deviation of their logarithms: outliers belong to what a further process may be."""
    return float(np.std(np.log(np.asarray(values)), ddof=1)) if len(values) > 1 else 0.0


def _spread_within(runs: Sequence[Sequence[float]]) -> float:
    """Return the standard deviation of the logarithms of what was run several times, each around its own mean."""
    logs = [np.log(np.asarray(values)) for values in runs]
    freedom = sum(len(values) - 1 for values in logs)
    squares = sum(float(np.sum((values - np.mean(values)) ** 2)) for values in logs if len(values))
    return float(np.sqrt(squares / freedom)) if freedom > 0 else 0.0
