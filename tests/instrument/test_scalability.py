"""The fit of the Universal Scalability Law, on curves that follow it."""

import math
import random
from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bench.instrument import metrics
from bench.instrument.metrics import Missing, ScalabilityFit
from bench.instrument.records import Benchmark, Reference
from bench.instrument.statistics import Estimate

ROUNDS = 12


def law(workers: int, contention: float, coherence: float) -> float:
    """Return the law's speed-up, with a gain of 1."""
    return workers / (1 + contention * (workers - 1) + coherence * workers * (workers - 1))


def pool(workers: int, speed_up: float, noise: float = 0.0, reference: str = "serial") -> Benchmark:
    """Make a benchmark of so many workers whose rounds scatter a little around a speed-up over serial."""
    draw = random.Random(workers)
    rounds_s = tuple(math.exp(draw.gauss(0, noise)) / speed_up for _ in range(ROUNDS))
    return Benchmark("t", f"b.py::t[{workers}]", None, "gil", {"workers": workers}, rounds_s,
                     Reference(reference, (1.0,) * ROUNDS), ROUNDS, 1, 1.0, 1.0, 1.0, 1.0)  # fmt: skip


def fit(items: list[Benchmark], cores: int | None = 64) -> ScalabilityFit:
    """Return the fit, which must not be missing."""
    found = metrics.scalability(items, cores, beyond_workers=32)
    assert isinstance(found, ScalabilityFit), found
    return found


@settings(max_examples=20, deadline=None)
@given(st.floats(0, 0.5), st.floats(0, 0.05))
def test_what_follows_the_law_is_found_again(contention: float, coherence: float) -> None:
    """From exact curves the parameters come back, and the curve beyond the points with them."""
    found = fit([pool(n, law(n, contention, coherence)) for n in (1, 2, 4, 8, 16)])

    assert found.contention.value == pytest.approx(contention, abs=1e-3)
    assert isinstance(found.coherence, Estimate)
    assert found.coherence.value == pytest.approx(coherence, abs=1e-3)
    assert found.beyond.value == pytest.approx(law(32, contention, coherence), rel=0.05)
    assert found.speed_up(8) == pytest.approx(law(8, contention, coherence), rel=0.01)


def test_rounds_of_a_visit_are_drawn_together() -> None:
    """Where visits differ and their rounds do not, more rounds make no narrower interval."""

    def visited(workers: int, rounds: int) -> Benchmark:
        draw = random.Random(workers)
        visits = [math.exp(draw.gauss(0, 0.05)) / law(workers, 0.1, 0.01) for _ in range(6)]
        rounds_s = tuple(visit for visit in visits for _ in range(rounds))
        return replace(
            pool(workers, 1.0),
            rounds_s=rounds_s,
            reference=Reference("serial", (1.0,) * len(rounds_s)),
            visits=(rounds,) * 6,
        )

    few, many = (fit([visited(workers, rounds) for workers in (1, 2, 4)]).contention for rounds in (1, 20))
    assert few.interval == many.interval


def test_the_interval_holds_the_truth_of_noisy_rounds() -> None:
    """With rounds that scatter by 3%, contention and extrapolation lie within their intervals."""
    found = fit([pool(n, law(n, 0.1, 0.01), noise=0.03) for n in (1, 2, 4, 8)])

    for estimate, truth in ((found.contention, 0.1), (found.beyond, law(32, 0.1, 0.01))):
        assert estimate.interval is not None
        assert estimate.interval.low <= truth <= estimate.interval.high
        assert estimate.interval.low < estimate.interval.high


def test_by_hand_with_two_numbers_of_workers() -> None:
    """1.6x from two workers is 2 / (1 + 0.25): contention 0.25; coherence cannot be told from it."""
    found = fit([pool(1, 1.0), pool(2, 1.6)], cores=2)

    assert found.contention.value == pytest.approx(0.25, abs=1e-4)
    assert found.coherence == Missing("2 numbers of workers do not tell coherence from contention")
    assert found.workers == (1, 2)


def test_faster_than_the_number_of_workers_is_no_negative_contention() -> None:
    """Work that gains more than a core's worth from each core (caches) has no contention, and a gain above 1."""
    found = fit([pool(1, 1.0), pool(2, 2.5)], cores=2)

    assert (found.contention.value, found.contention.interval is not None) == (0.0, True)
    assert found.gain.value > 1


def test_more_workers_than_cores_are_left_out() -> None:
    """What queues for a core does not tell how work scales."""
    found = fit([pool(1, 1.0), pool(2, 1.6), pool(4, 1.6), pool(8, 0.1)], cores=2)

    assert found.workers == (1, 2)
    assert found.contention.value == pytest.approx(0.25, abs=1e-4)


@pytest.mark.parametrize(
    ("items", "cores", "why"),
    [
        ([pool(1, 1.0)], 2, "fewer than two numbers"),
        ([pool(1, 1.0), pool(2, 2.0)], 1, "fewer than two numbers"),
        ([pool(1, 1.0), pool(2, 2.0)], None, "fewer than two numbers"),
        ([pool(1, 1.0, reference="thread"), pool(2, 2.0, reference="thread")], 2, "fewer than two numbers"),
        ([], 2, "fewer than two numbers"),
    ],
)
def test_missing_inputs_give_a_reason(items: list[Benchmark], cores: int | None, why: str) -> None:
    """A fit needs two numbers of workers within the cores, each beside serial."""
    found = metrics.scalability(items, cores, beyond_workers=4)

    assert isinstance(found, Missing)
    assert why in found.reason


def test_too_few_rounds_give_a_reason() -> None:
    """Fewer than six rounds cannot be resampled into an interval."""
    few = [Benchmark("t", "b", None, "gil", {"workers": n}, (1.0,) * 3, Reference("serial", (1.0,) * 3), 3, 1, 1.0, 1.0,
                     1.0, 1.0) for n in (1, 2)]  # fmt: skip

    assert metrics.scalability(few, 2, 4) == Missing("fewer than 6 rounds to resample")
