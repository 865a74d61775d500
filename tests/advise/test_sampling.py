"""What is measured of a function, and of a kind; in this process, where a test can look at it."""

import itertools
import pickle
import sys
from itertools import chain, pairwise

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from flagkit.advise import AdviseError, Candidate, sampling
from flagkit.advise.costs import measure_costs
from flagkit.advise.packing import packing, why_unpicklable
from flagkit.advise.records import PilotPlan
from flagkit.advise.runs import _repeated, pilot, run_job
from flagkit.advise.sampling import MOST_SAMPLED, sample, sample_indices
from flagkit.advise.side_effects import Watch
from flagkit.advise.target import Target
from flagkit.advise.threads import TOO_LONG, enough_threads
from tests.advise import subjects

HERE = "tests.advise.subjects"


def silent(_: str) -> None:
    """Say nothing."""


@given(st.integers(1, 5000), st.integers(1, 10_000))
def test_a_sample_is_spread_over_the_items(length: int, n: int) -> None:
    """One of each stretch of equal length, at most half of the job, none twice, and the same ones each time."""
    chosen = sample_indices(length, n)
    assert chosen == sample_indices(length, n)
    assert 1 <= len(chosen) <= max(1, min(MOST_SAMPLED, length, n // 2))
    inside = sorted(chosen)
    assert inside[0] >= 0
    assert inside[-1] < length
    assert all(one < other for one, other in pairwise(inside))
    assert max((other - one for one, other in pairwise(inside)), default=0) <= 2 * -(-length // len(chosen))


def test_waiting_is_told_from_computing() -> None:
    """Tasks that sleep use next to no processor, and hold nothing that threads share."""
    measured = sample(silent, Target(f"{HERE}:wait", f"{HERE}:numbers"), 100, 1.0)
    assert measured.n == 100
    assert min(measured.task_s) >= 0.02
    assert measured.cpu_share < 0.5
    assert measured.gil_share(2) == 0
    assert measured.unpicklable is None
    assert measured.arguments.size_bytes > 0
    assert len(measured.indices) == len(measured.positions) == len(measured.task_s) <= 40


def test_computing_is_told_from_waiting() -> None:
    """Loops of Python keep a processor busy."""
    measured = sample(silent, Target("flagkit.work.pure:loop", [200_000] * 40), None, 1.0)
    assert measured.cpu_share > 0.3  # of a processor that others may want too
    assert measured.floor_s > 0
    assert 1 <= measured.crowding < 5
    assert min(measured.alone_cpu_s) > 0
    assert measured.threads >= 2


@pytest.mark.parametrize(("cpu_share", "cores", "threads"), [(1.0, 4, 4), (0.97, 1, 2), (0.5, 4, 16), (0.001, 4, 64)])
def test_threads_that_keep_the_processors_busy(cpu_share: float, cores: int, threads: int) -> None:
    """One a core, and where tasks wait, as many more as that takes, twice over; up to a bound."""
    assert enough_threads(cpu_share, cores) == threads


def test_a_task_that_takes_long_runs_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """It is all of the sample; where it waits, one round in threads tells that they do not wait for each other."""
    monkeypatch.setattr("flagkit.advise.threads.LONG_ROUND", 100.0)  # however late it wakes
    measured = sample(silent, Target(f"{HERE}:wait", f"{HERE}:numbers"), 100, 0.05)
    assert len(measured.task_s) == len(measured.together_s) == 1
    assert measured.unthreaded is None
    assert measured.cpu_share < 0.5
    assert measured.threads > 2
    assert measured.floor_s < measured.mean_s


def test_a_long_task_that_computes_is_left_out_of_threads() -> None:
    """Where threads that took turns would take more than there is, the time is for other things."""
    measured = sample(silent, Target("flagkit.work.pure:loop", [1_000_000] * 4), None, 0.01)
    assert measured.unthreaded == TOO_LONG


def test_what_remembers_is_not_judged_by_what_it_remembers(monkeypatch: pytest.MonkeyPatch) -> None:
    """Called again it takes nothing: that it waited at first counts, and threads are taken to compute in turn."""
    monkeypatch.setattr(sampling, "LONG_SHARE", 100.0)  # however late the first one wakes
    measured = sample(silent, Target(f"{HERE}:recall", f"{HERE}:numbers"), 40, 0.6)
    assert measured.remembers > sampling.REMEMBERS
    assert measured.cpu_share < 0.5
    assert measured.together_cpu_s[0] == measured.threads * measured.alone_cpu_s[0]


@pytest.mark.parametrize("function", ["wait", "enlarge"])
def test_what_remembers_nothing(function: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """What takes as long again, and what makes large results, for which memory used again would be ready."""
    monkeypatch.setattr(sampling, "LONG_SHARE", 100.0)  # likewise
    target = Target(f"{HERE}:{function}", f"{HERE}:numbers")
    samples = [sample(silent, target, 40, 0.6) for _ in range(3)]  # of few items most may have been held up
    assert min(sum(one.task_s[1:]) for one in samples) >= sampling.ROUND_S  # what is shorter is not run again
    assert min(one.remembers for one in samples) == 1


def test_a_processor_that_was_taken_away_is_none_of_the_task(monkeypatch: pytest.MonkeyPatch) -> None:
    """In a short sample one such moment would be most of it; an item that is long whenever it is run stays so."""
    monkeypatch.setattr(subjects, "calls", itertools.count())
    monkeypatch.setattr(sampling, "SHORT_S", 10.0)  # however often it is taken away
    measured = sample(silent, Target(f"{HERE}:interrupted", f"{HERE}:numbers"), 80, 1.0)
    times = dict(zip(measured.indices, measured.task_s, strict=True))
    assert times.pop(39) >= 0.005
    assert sum(times.values()) < 0.02


def test_what_fails_in_threads_alone_is_advised_without_them() -> None:
    """The reason says what was raised; the time alone is there all the same."""
    measured = sample(silent, Target(f"{HERE}:only_in_main", f"{HERE}:numbers"), None, 0.5)
    assert measured.unthreaded == "in threads it raised RuntimeError: main thread only"
    assert min(measured.alone_s) > 0
    assert measured.unpicklable is None


def test_results_are_kept_as_a_program_keeps_them() -> None:
    """As many as fit into a bound, whatever their size; one of them always."""
    assert sampling._keeper(b"").maxlen == sampling.KEPT_BYTES // sys.getsizeof(b"")
    assert sampling._keeper(bytes(1 << 20)).maxlen == (sampling.KEPT_BYTES >> 20) - 1
    assert sampling._keeper(bytes(sampling.KEPT_BYTES)).maxlen == 1


def test_very_short_tasks_are_repeated() -> None:
    """So that a round of threads takes longer than threads take to start."""
    measured = sample(silent, Target(f"{HERE}:one_more", f"{HERE}:few"), None, 0.2)
    assert measured.batch > 100
    assert min(measured.alone_s) > 100 * min(measured.task_s)


def test_what_cannot_be_sent_is_said() -> None:
    """And nothing is pickled then."""
    measured = sample(silent, Target(f"{HERE}:locked", f"{HERE}:locks"), None, 0.1)
    assert measured.unpicklable is not None
    assert measured.unpicklable.startswith("the argument cannot be pickled (")
    assert measured.arguments.size_bytes == 0
    assert why_unpicklable("function", subjects.square) is not None
    assert why_unpicklable("function", subjects.gcd) is None


def test_a_failure_of_a_later_call_is_a_failure() -> None:
    """The exception comes out, whichever call it was, unless several threads are needed for it."""
    calls = [0]

    def fail_later(_: object) -> None:
        calls[0] += 1
        if calls[0] > 6:
            raise ValueError("late")

    with pytest.raises(ValueError, match="late"):
        sample(silent, Target(fail_later, [1, 2, 3, 4]), None, 0.1)


def test_no_end_needs_n() -> None:
    """The length of the job is not guessed."""
    with pytest.raises(AdviseError, match="say how many the real job has with --n"):
        sample(silent, Target(f"{HERE}:one_more", f"{HERE}:endless"), None, 0.1)


def test_buffers_are_told_from_the_stream() -> None:
    """An array may stay out of the pickle's stream, bytes may not."""
    array, text = packing([np.zeros(100_000)]), packing([bytes(800_000)])
    assert array.buffers_bytes == 800_000
    assert text.buffers_bytes == 0
    assert array.size_bytes > 800_000
    assert text.size_bytes > 800_000
    assert array.stream_dumps_s > 0
    assert packing([]).size_bytes == 0


def test_side_effects_are_seen() -> None:
    """What a call changes of its argument and of its module's plain data; a call that changes nothing has none."""
    clean = Watch(subjects.gcd)
    clean.call((8, 12))
    assert clean.found() == ()
    changing = Watch(subjects.remember)
    changing.call(1)
    assert changing.found() == ("it changes seen of tests.advise.subjects, of which each worker process has its own",)
    sorting = Watch(lambda items: items.sort())
    sorting.call([2, 1])
    assert sorting.found() == ("it changes its argument, which in a worker process is a copy",)


@pytest.mark.parametrize("kind", ["thread", pytest.param("process-spawn", marks=pytest.mark.once)])
def test_costs_of_a_kind(kind: str) -> None:
    """Each is a time; only what leaves the process costs by the byte."""
    found = measure_costs(silent, kind)
    assert found.kind == kind
    assert found.workers >= 2
    assert min(*found.start_s, *found.dispatch_s) > 0
    assert min(found.crowding) >= 1
    assert min(*found.start_each_s, *found.busy_s, *found.item_s, *found.send_s_per_byte) >= 0
    if kind == "thread":
        assert (found.send_s_per_byte, found.return_s_per_byte, found.item_s) == ((0.0,), (0.0,), (0.0,))
    else:
        # A difference of two times, which a busy machine turns around now and then, and then it is taken for none
        again = (measure_costs(silent, kind) for _ in range(5))
        assert any(one.send_s_per_byte[0] > 0 for one in chain([found], again))


@pytest.mark.parametrize(
    "candidate", [Candidate("serial", 1, 1), Candidate("thread", 4, 1), Candidate("process-spawn", 2, 2)]
)
def test_a_whole_job(candidate: Candidate) -> None:
    """It takes at least as long as its tasks, shared out among the workers; `n` repeats the items."""
    target = Target(f"{HERE}:wait", f"{HERE}:few")
    assert run_job(silent, target, candidate, 8) >= 8 * 0.02 / candidate.workers


@pytest.mark.parametrize("setup", [pytest.param(None, marks=pytest.mark.once), f"{HERE}:set_up"])
def test_a_pilot(setup: str | None, monkeypatch: pytest.MonkeyPatch) -> None:
    """A run as long as its tasks, alone too, and the start of a pool; a set-up is each worker's initializer."""
    monkeypatch.setenv("JOB_IS_SET_UP", "")  # so that what the set-up makes of it is undone
    plan = PilotPlan(Candidate("process-spawn", 2, 1), (0, 1), 2)
    whole_s, alone_s, pace_s, start_s = pilot(silent, Target(f"{HERE}:wait", f"{HERE}:few", setup), plan)
    assert whole_s >= 0.02
    assert alone_s >= 2 * 0.02
    assert pace_s > 0
    assert start_s > 0


def test_a_pilots_results_are_kept_until_its_tasks_have_run_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    """Tasks that find the memory of those results would be faster than in the sample: nothing is left of them then."""
    seen: list[int] = []
    monkeypatch.setattr(subjects, "seen", seen)
    plan = PilotPlan(Candidate("thread", 1, 1), (0, 1, 2), 2)
    pilot(silent, Target(f"{HERE}:count_alive", f"{HERE}:few"), plan)
    assert seen == [0, 1, 2, 3, 4]
    assert not subjects.Result.alive


def test_a_pilots_start_is_not_measured_twice() -> None:
    """It is known then."""
    plan = PilotPlan(Candidate("thread", 2, 1), (0, 1), 2, is_first=False)
    whole_s, _, _, start_s = pilot(silent, Target(f"{HERE}:wait", f"{HERE}:few"), plan)
    assert whole_s >= 0.02
    assert start_s == 0


def test_items_that_are_repeated_are_other_objects() -> None:
    """Pickled together they are as large as items of their own, and share what the items share."""
    common, sent = b"c" * 1000, Candidate("process-fork", 2, 1)
    items = [(common, b"%d" % number * 1000) for number in range(3)]
    found = _repeated(items, 8, sent)
    assert found == [*items, *items, *items[:2]]
    assert found[:3] == items
    assert len({id(one[1]) for one in found}) == 8
    assert len({id(one[0]) for one in found}) == 3
    assert len(pickle.dumps(found)) > 8 * 1000 + 3 * 1000
    assert _repeated(items, 2, sent) == items[:2]
    assert len({id(one) for one in _repeated(items, 8, Candidate("thread", 2, 1))}) == 3


@pytest.mark.parametrize("item", [subjects.locks[0], subjects.NotLoadedError("a", "b"), b"large" * 1_000_000])
def test_items_that_cannot_be_copied_are_repeated_as_they_are(item: object) -> None:
    """They cannot be pickled, or not be loaded, or there is no memory for it."""
    assert all(one is item for one in _repeated([item], 100, Candidate("process-fork", 2, 1)))


def test_a_pilot_that_fails_leaves_no_pool() -> None:
    """The exception of the function comes out."""
    with pytest.raises(ValueError, match="no good"):
        pilot(silent, Target(f"{HERE}:fail", f"{HERE}:few"), PilotPlan(Candidate("thread", 2, 1), (0,), 1))
