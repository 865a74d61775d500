"""What does a CPU hog do to an I/O thread? The time of an echo beside threads that compute, by switch interval.

A thread that waits for its socket holds no GIL, and has to ask for it when the answer is there. The hog gives it up
only after the switch interval (5 ms unless set), for each system call of the echo anew: the convoy effect (CPython
issue 7946). Client and echo are different processes, and the hogs compute in the echo's alone; between the rounds they
are halted, and the reference is the same echo then.
"""

import pytest

from bench.instrument.extent import choose
from bench.instrument.measure import Measure
from flagkit.cpus import usable_cpus
from flagkit.echo import EchoProcess

DEFAULT_INTERVAL_S = 0.005
INTERVALS_S = (50e-6, 500e-6, DEFAULT_INTERVAL_S, 0.02, 0.1)


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """Make a case of each number of hogs and interval; outside of the full study one varies while the other stays."""
    few, many = 1, max(2, usable_cpus())
    metafunc.parametrize(
        ("hogs", "switch_interval_s"),
        choose(
            metafunc.config,
            quick=[(few, DEFAULT_INTERVAL_S)],
            default=[(few, 50e-6), (few, DEFAULT_INTERVAL_S), (few, 0.1), (many, DEFAULT_INTERVAL_S)],
            thorough=[(hogs, interval_s) for hogs in (few, many, 2 * many) for interval_s in INTERVALS_S],
        ),
    )


@pytest.mark.benchmark(max_time=0.8)
def test_echo_beside_hogs(hogs: int, switch_interval_s: float, measure: Measure) -> None:
    """Wait for an echo while hogs compute in the process that echoes, against the same while they are halted."""
    with EchoProcess(hogs, switch_interval_s) as process:
        measure(
            process.echo,
            expect=lambda answered: answered,
            setup=process.loose,
            teardown=lambda _: process.halt(),
            reference=process.echo,
            reference_name="no hogs",
            parameters={
                "suite": "latency",
                "hogs": hogs,
                "switch_interval_s": switch_interval_s,
                "temperature": "warm",
            },
        )
