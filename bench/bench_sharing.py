"""What does sharing cost across processes? Queues, pipes, locks, memory and proxies, against what threads have.

In turn with each medium the same is done by threads of one process, so that the ratio is the price of the border
between processes. Operations a second follow from `operations`, bytes a second from `moved_bytes`, in extra_info.
"""

import pytest

from bench.instrument.extent import choose
from bench.instrument.measure import Measure
from flagkit.sharing import MEDIA

QUICK = ("pipe", "lock")


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """Make a case of each medium and size."""
    names = choose(metafunc.config, quick=QUICK, default=tuple(MEDIA), thorough=tuple(MEDIA))
    cases = [(name, size) for name in names for size in MEDIA[name].sizes_bytes]
    metafunc.parametrize(("medium", "size_bytes"), cases)


@pytest.mark.benchmark(max_time=0.5)
def test_share(medium: str, size_bytes: int, measure: Measure) -> None:
    """Use a medium between processes, against its like between threads."""
    spec = MEDIA[medium]
    expected = spec.expected(size_bytes)
    parameters: dict[str, str | int] = {
        "suite": "sharing",
        "medium": medium,
        "operations": spec.operations,
        "temperature": "warm",
    }
    if size_bytes:
        parameters |= {"size_bytes": size_bytes, "moved_bytes": 2 * size_bytes}
    with spec.processes(size_bytes) as use, spec.threads(size_bytes) as use_by_threads:
        assert use() == use_by_threads() == expected
        measure(
            use,
            expect=lambda result: result == expected,
            reference=use_by_threads,
            reference_name="threads",
            parameters=parameters,
        )
