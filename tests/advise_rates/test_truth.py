"""The truth of a cell: which candidates there are, and how often each is run."""

import pytest

from bench.advise_rates import truth
from bench.advise_rates.truth import grid, measure
from flagkit.advise import Candidate
from flagkit.advise.target import Target
from tests.advise.made import measured

pytestmark = pytest.mark.once


def test_the_grid_has_every_kind() -> None:
    """Workers a core and twice as many, and chunks of one item and one a worker, where the kind has chunks."""
    found = grid(measured(n=100), ["serial", "thread", "process-spawn"], 4)
    assert {one.kind for one in found} == {"serial", "thread", "process-spawn"}
    assert {one.workers for one in found if one.kind == "thread"} == {4, 8}
    assert {one.chunksize for one in found if one.kind == "process-spawn" and one.workers == 4} >= {1, 25}


def test_a_candidate_that_fails_has_no_times() -> None:
    """It is there, so that a choice of it is known to have failed."""
    target = Target("tests.advise.subjects:only_in_main", "tests.advise.subjects:few")
    serial, threads = Candidate("serial", 1, 1), Candidate("thread", 2, 1)
    times = measure(target, [serial, threads], threads, [], 2, seed=1)
    assert times[str(threads)] == []
    assert len(times["serial"]) == 2


def test_the_truth_is_measured_in_processes() -> None:
    """A candidate takes what its tasks take, pool included."""
    target = Target("tests.advise.subjects:wait", "tests.advise.subjects:few")
    threads, serial = Candidate("thread", 4, 1), Candidate("serial", 1, 1)
    times = measure(target, [serial, threads], serial, [], 2, seed=1)
    assert min(times["serial"]) >= 4 * 0.02
    assert min(times[str(threads)]) < min(times["serial"])


def test_what_may_be_the_best_is_run_again(monkeypatch: pytest.MonkeyPatch) -> None:
    """Every candidate runs once, and the choice and those that may be the best in each round, while there are some."""
    rounds = Rounds(monkeypatch, {1: 9.0, 2: 1.0, 3: 1.2, 4: 1.4, 5: 1.6, 6: 5.0})
    assert rounds(1) == {1: 5, 2: 5, 3: 5, 4: 3, 5: 2, 6: 1}
    assert rounds(2) == {1: 1, 2: 5, 3: 5, 4: 3, 5: 2, 6: 1}
    rounds = Rounds(monkeypatch, {1: 9.0, 2: 1.0, 3: 3.5, 4: 3.5, 5: 2.0, 6: 5.0})
    assert rounds(2) == {1: 1, 2: 3, 3: 1, 4: 1, 5: 2, 6: 1}


def test_a_rival_that_was_held_up_stays(monkeypatch: pytest.MonkeyPatch) -> None:
    """A processor that was away for the first or the second run of what is the best does not make it lose."""
    known_s = {1: 9.0, 2: 1.2, 3: 1.0, 4: 1.0, 5: 5.0, 6: 5.0}
    rounds = Rounds(monkeypatch, known_s, held_up={(3, 0): 3.0, (4, 1): 9.0})
    assert rounds(2) == {1: 1, 2: 5, 3: 5, 4: 5, 5: 1, 6: 1}
    rounds = Rounds(monkeypatch, known_s, held_up={(3, 0): 3.0, (3, 1): 3.0})
    assert rounds(2)[3] == 2


class Rounds:
    """How often serial (1) and threads of 2 to 5 workers (6 are one of the others) are run, by what they take."""

    def __init__(
        self,
        monkeypatch: pytest.MonkeyPatch,
        known_s: dict[int, float],
        held_up: dict[tuple[int, int], float] | None = None,
    ) -> None:
        self._by_workers = {key: Candidate("thread" if key > 1 else "serial", key, 1) for key in known_s}
        self._known_s = known_s
        self._held_up = held_up or {}
        self._done: dict[int, int] = {}
        monkeypatch.setattr(truth, "run_apart", self._run_apart)

    def _run_apart(self, work: object, *arguments: object) -> float:
        if work is truth.run_joblib:
            return 9.0
        key = next(key for key, one in self._by_workers.items() if one == arguments[3])
        before = self._done.get(key, 0)
        self._done[key] = before + 1
        return self._held_up.get((key, before), self._known_s[key])

    def __call__(self, choice: int) -> dict[int, int]:
        """Measure in up to five rounds, and return the runs of each."""
        self._done.clear()
        *grid, other = self._by_workers.values()
        target = Target("tests.advise.subjects:wait", "tests.advise.subjects:few")
        times = measure(target, grid, self._by_workers[choice], [other], 5, seed=1)
        return {key: len(times[str(one)]) for key, one in self._by_workers.items()}
