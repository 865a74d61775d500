"""Log ratios with known truth, to hold the procedure to account: every kind of noise that a machine has in store.

Each shape is scaled to a standard deviation of one a generation (the trimmed kind where tails have none), so that the
noise of a scenario is stated in one number whatever its shape.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import TypeAlias

import numpy as np
from scipy import signal

from bench.gate.procedure.decide import Measured, StageName
from bench.gate.procedure.sizes import Cost

Values: TypeAlias = np.ndarray[tuple[int], np.dtype[np.float64]]
Shape: TypeAlias = Callable[[np.random.Generator, int], Values]

_OUTLIERS = 0.05
_OUTLIER_SIZE = 10.0
_MODE = 0.9
_CORRELATION = 0.6
_FREEDOM = 3


def normal(rng: np.random.Generator, n: int) -> Values:
    """Independent and normal: the easy case."""
    return np.asarray(rng.normal(size=n))


def heavy(rng: np.random.Generator, n: int) -> Values:
    """Heavy tails: t with 3 degrees of freedom, whose variance is 3."""
    return np.asarray(rng.standard_t(_FREEDOM, size=n) / np.sqrt(_FREEDOM))


def bimodal(rng: np.random.Generator, n: int) -> Values:
    """Each process lands on a fast or a slow layout; the log ratio is the difference of two such draws."""
    modes = rng.choice([-_MODE, _MODE], size=(2, n))
    scatter = rng.normal(scale=np.sqrt(1 - _MODE**2), size=(2, n))
    one, other = modes + scatter
    return np.asarray((one - other) / np.sqrt(2))


def outliers(rng: np.random.Generator, n: int) -> Values:
    """One process in forty is slow by ten standard deviations, on either arm."""
    hit = rng.random(n) < _OUTLIERS
    return np.asarray(rng.normal(size=n) + hit * rng.choice([-1.0, 1.0], size=n) * _OUTLIER_SIZE)


def drifting(rng: np.random.Generator, n: int) -> Values:
    """Let the place of an arm (its path) matter, ever more through a stage; arms swap places as they do in lockstep."""
    place = np.linspace(0, 2, n)
    return np.asarray((swapped(rng, n) * place + rng.normal(scale=0.5, size=n)) / np.sqrt(4 / 3 + 0.25))


def correlated(rng: np.random.Generator, n: int) -> Values:
    """Let what a place is worth follow its last value closely (0.6); half of the noise is each process's own."""
    steps = rng.normal(scale=np.sqrt(1 - _CORRELATION**2), size=n)
    place = signal.lfilter([1.0], [1.0, -_CORRELATION], steps)
    return np.asarray((swapped(rng, n) * place + rng.normal(size=n)) / np.sqrt(2))


def clustered(rng: np.random.Generator, n: int) -> Values:
    """Unlike anything that swapping places cancels: the log ratio itself follows its last value (0.6). A warning."""
    steps = rng.normal(scale=np.sqrt(1 - _CORRELATION**2), size=n)
    return np.asarray(signal.lfilter([1.0], [1.0, -_CORRELATION], steps))


def swapped(rng: np.random.Generator, n: int) -> Values:
    """Return the sign of what places are worth: two sets of them take turns, so arms swap every second generation.

    A stage begins anywhere in these four, as the one before ended anywhere.
    """
    return np.where((np.arange(n) + rng.integers(4)) % 4 < 2, 1.0, -1.0)  # noqa: PLR2004 - two of the four


SHAPES: Mapping[str, Shape] = MappingProxyType(
    {
        "normal": normal,
        "heavy tails": heavy,
        "bimodal processes": bimodal,
        "outlier processes": outliers,
        "drift": drifting,
        "autocorrelation": correlated,
        "autocorrelated ratio": clustered,
    }
)


@dataclass(slots=True)
class Synthetic:
    """A source of generations of benchmarks whose true log ratios are `truths`.

    `shared` is the part of the noise's variance that all benchmarks of a generation have in common: a process's luck.
    """

    rng: np.random.Generator
    truths: Mapping[str, float]
    spreads: Mapping[str, float]
    shape: Shape
    cost: Cost
    budget_s: float
    shared: float = 0.0
    generations: dict[StageName, int] = field(default_factory=dict)

    def measure(self, stage: StageName, names: Sequence[str], generations: int) -> Measured:
        """Draw generations, and take their time off the budget."""
        names = names or list(self.truths)
        self.generations[stage] = generations
        self.budget_s -= generations * self.cost.generation_s(names)
        common = np.sqrt(self.shared) * self.shape(self.rng, generations)
        own = np.sqrt(1 - self.shared)
        logs = {
            name: (self.truths[name] + self.spreads[name] * (common + own * self.shape(self.rng, generations))).tolist()
            for name in names
        }
        return Measured(logs, {}, self.cost)

    def left_s(self) -> float:
        """Return what is left of the budget."""
        return self.budget_s
