"""Made-up measurements of which the truth is known."""

import numpy as np

from bench.lockstep.estimate import PairedRounds


def synthetic(
    rng: np.random.Generator,
    *,
    generations: int,
    rounds: int,
    sd_rounds: float,
    sd_generations: float,
    truth: float = 0,
) -> list[PairedRounds]:
    """Return normal rounds in normal generations around a true log ratio, on a base that drifts."""
    drift = np.exp(rng.normal(0, 0.3, (generations, rounds)).cumsum(axis=1) / 5)
    luck = rng.normal(truth, sd_generations, (generations, 1))
    heads = drift * np.exp(luck + rng.normal(0, sd_rounds, (generations, rounds)))
    return [PairedRounds(tuple(base), tuple(head)) for base, head in zip(drift, heads, strict=True)]
