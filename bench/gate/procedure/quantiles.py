"""Quantiles of the t distribution, kept: sizes are searched for, and ask for the same ones again and again."""

from functools import cache

from scipy import special


@cache
def quantile(probability: float, freedom: int) -> float:
    """Return the value that a t variable of that many degrees of freedom stays below with that probability."""
    return float(special.stdtrit(freedom, probability))
