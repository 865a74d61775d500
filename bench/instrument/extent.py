"""How much of its grid a suite measures: a first look, the study, or everything."""

from enum import Enum
from typing import TypeVar

import pytest

Chosen = TypeVar("Chosen")


class Extent(Enum):
    """The extents, from ``--quick`` by way of the default to ``--thorough``."""

    QUICK = "quick"
    DEFAULT = "default"
    THOROUGH = "thorough"


def extent(config: pytest.Config) -> Extent:
    """Return what the command line asks for; ``--quick`` is stronger."""
    if config.getoption("quick"):
        return Extent.QUICK
    return Extent.THOROUGH if config.getoption("thorough") else Extent.DEFAULT


def choose(config: pytest.Config, *, quick: Chosen, default: Chosen, thorough: Chosen) -> Chosen:
    """Return the one of three grids that the command line asks for."""
    return {Extent.QUICK: quick, Extent.DEFAULT: default, Extent.THOROUGH: thorough}[extent(config)]
