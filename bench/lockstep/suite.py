"""A pytest-benchmark suite of known work; not named bench_*, as it asks no question about anything but measuring."""

from collections.abc import Callable
from typing import Any

import pytest

from bench.lockstep.workloads import WORKLOADS


@pytest.mark.parametrize("name", WORKLOADS)
def test_workload(name: str, benchmark: Callable[[Callable[[], object]], Any]) -> None:
    """Measure one."""
    benchmark(WORKLOADS[name])
