"""A pytest-benchmark suite of known work; not named bench_*, as it asks no question about anything but measuring."""

from collections.abc import Callable
from typing import Any

import pytest

from bench.lockstep.workloads import WORKLOADS


def node(name: str) -> str:
    """Return the node id of a workload's benchmark, as pytest is given it."""
    return f"{__file__}::{test_workload.__name__}[{name}]"


@pytest.mark.parametrize("name", WORKLOADS)
def test_workload(name: str, benchmark: Callable[[Callable[[], object]], Any]) -> None:
    """Measure one."""
    benchmark(WORKLOADS[name])
