"""What the model says of jobs whose truth is plain."""

from collections.abc import Iterable, Mapping
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from flagkit.advise import Candidate, Measured
from flagkit.advise.advising import PROCESSES
from flagkit.advise.candidates import chunk_sizes, worker_counts
from flagkit.advise.draws import Draws
from flagkit.advise.imbalance import imbalance, mean_imbalance, spread_out
from flagkit.advise.model import predict
from flagkit.advise.ranking import Ranked, draw, predictions, rank, ties
from flagkit.advise.records import Evidence, Interval, KindCosts, Pilot
from tests.advise.made import CORES, costs, large, measured, piloted

pytestmark = pytest.mark.once
KINDS = ("thread", "process-fork", "process-spawn", "shared")
COSTS = {kind: costs(kind) for kind in KINDS}
candidate = st.one_of(
    st.just(Candidate("serial", 1, 1)),
    st.builds(Candidate, st.just("thread"), st.integers(1, 16), st.just(1)),
    st.builds(Candidate, st.sampled_from(KINDS[1:]), st.integers(1, 16), st.integers(1, 50)),
)
task_s = st.floats(1e-6, 1.0)


def drawn(sample: Measured, *, paces: Iterable[float] = (1e-3,)) -> Draws:
    """Return draws on a machine of CORES."""
    return Draws(sample, CORES, paces)


def ranked(
    sample: Measured, known: dict[str, KindCosts] = COSTS, pilots: dict[str, Pilot] | None = None
) -> list[Ranked]:
    """Return the best of each kind."""
    return rank(Evidence(sample, known, pilots or {}, CORES), drawn(sample))


def median_s(sample: Measured, one: Candidate, known: Mapping[str, KindCosts] = COSTS) -> float:
    """Return the expected time of a candidate."""
    return float(np.median(predict(sample, known, one, drawn(sample), ())[0]))


@given(candidate, task_s, st.integers(1, 500), st.integers(1, 500), st.floats(0, 1))
def test_more_items_never_take_less(one: Candidate, each_s: float, n: int, more: int, gil_share: float) -> None:
    """The time of a candidate grows with the number of items."""
    few = measured(each_s, n=n, gil_share=gil_share)
    assert median_s(replace(few, n=n + more), one) >= median_s(few, one) * (1 - 1e-9)


@given(candidate, task_s, st.floats(1, 100), st.floats(0, 1))
def test_longer_tasks_never_take_less(one: Candidate, each_s: float, factor: float, gil_share: float) -> None:
    """The time of a candidate grows with the time of a task."""
    shorter, longer = (measured(length_s, gil_share=gil_share) for length_s in (each_s, factor * each_s))
    assert median_s(longer, one) >= median_s(shorter, one) * (1 - 1e-9)


@given(candidate, st.integers(1, 10**7), st.floats(1, 100))
def test_larger_payloads_never_take_less(one: Candidate, size_bytes: int, factor: float) -> None:
    """The time of a candidate does not fall as arguments and results grow."""
    small, big = (large(round(size)) for size in (size_bytes, factor * size_bytes))
    assert median_s(measured(arguments=big, results=big), one) >= median_s(
        measured(arguments=small, results=small), one
    )


@given(candidate, task_s, st.floats(0, 1), st.integers(1, 300))
def test_nothing_is_faster_than_the_cores(one: Candidate, each_s: float, gil_share: float, n: int) -> None:
    """Computing takes at least the sum of the tasks / the cores, and serial exactly the sum."""
    sample = measured(each_s, gil_share=gil_share, n=n)
    assert median_s(sample, one) >= n * each_s / CORES * (1 - 1e-9)
    assert median_s(sample, Candidate("serial", 1, 1)) == pytest.approx(n * each_s)


@given(
    st.lists(task_s, min_size=1, max_size=30),
    st.lists(st.floats(0.5, 2), min_size=1, max_size=8),
    st.integers(1, 300),
)
def test_the_interval_holds_the_point(tasks: list[float], paces: list[float], n: int) -> None:
    """Whatever the spread of tasks and of processes, low <= predicted <= high."""
    sample = replace(
        measured(n=n),
        task_s=tuple(tasks),
        positions=tuple((place + 0.5) / len(tasks) for place in range(len(tasks))),
        indices=tuple(range(len(tasks))),
        first_s=tasks[0],
    )
    draws = drawn(sample, paces=paces)
    evidence = Evidence(sample, COSTS, {}, CORES)
    for one in predictions(rank(evidence, draws), evidence, draws):
        assert one.time_s.low <= one.time_s.value <= one.time_s.high


@given(task_s, st.integers(1, 100))
def test_serial_where_no_worker_can_help(each_s: float, n: int) -> None:
    """It is chosen where every pool takes longer to start than the whole job, and where there is no other."""
    sample = measured(each_s, n=n)
    slow = {kind: costs(kind, start_s=1 + n * each_s) for kind in KINDS[1:]}
    assert ranked(sample, slow)[0].candidate.kind == "serial"
    assert [one.candidate for one in ranked(sample, {})] == [Candidate("serial", 1, 1)]


@given(task_s, st.integers(2, 100))
def test_threads_that_hold_the_gil_are_never_chosen(each_s: float, n: int) -> None:
    """They take turns, so serial is at least as fast."""
    assert ranked(measured(each_s, n=n), {"thread": COSTS["thread"]})[0].candidate.kind == "serial"


def test_threads_where_tasks_wait() -> None:
    """Tasks that wait go on more workers than there are cores, and about as many times faster."""
    first, *_ = ranked(measured(0.1, cpu_share=0.001, n=640, threads=64))
    assert (first.candidate.kind, first.candidate.workers) == ("thread", 64)
    assert first.median_s < 64.0 / 50


def test_processes_where_the_gil_is_held() -> None:
    """Long tasks go to a worker a core."""
    first, *_ = ranked(measured(0.5))
    assert (first.candidate.kind, first.candidate.workers) == ("process-fork", CORES)


def test_threads_where_the_gil_is_not_held() -> None:
    """They are the ones that need no pickling and no start."""
    assert ranked(measured(0.01, gil_share=0.0))[0].candidate.kind == "thread"


def test_shared_where_payloads_are_large() -> None:
    """With large arguments it is ahead of plain processes, which pickle them."""
    sample = measured(0.05, arguments=large(1 << 25))
    order = [
        one.candidate.kind for one in ranked(sample, COSTS | {"shared": costs("shared", send_s_per_byte=(1e-10,))})
    ]
    assert order.index("shared") < order.index("process-spawn")


def test_a_pilot_corrects_the_model() -> None:
    """What took twice as long as the model says in a short run is expected to do so in the job, by its like too."""
    sample, one = measured(0.01), Candidate("process-spawn", CORES, 1)
    draws = drawn(sample)
    expected_s, _ = predict(sample, COSTS, one, draws, ())
    _, of_pilot = predict(replace(sample, n=40), COSTS, one, draws, ())
    slow = piloted(one, 40, 2 * float(np.median(of_pilot.steady)), start_s=float(of_pilot.start_up[0]))
    corrected_s, terms = predict(sample, COSTS, one, draws, [slow])
    assert np.median(corrected_s) == pytest.approx(np.median(terms.start_up) + 2 * np.median(terms.steady), rel=1e-6)
    assert np.median(corrected_s) > np.median(expected_s)
    forked = replace(one, kind="process-fork")
    of_another, terms = predict(sample, COSTS, forked, draws, [slow])
    assert np.median(of_another) == pytest.approx(np.median(terms.start_up) + 2 * np.median(terms.steady), rel=1e-6)


def test_a_pilot_speaks_of_the_payload_that_it_had() -> None:
    """Where it bears the model out, larger arguments cost with it what they cost without."""
    sample, one = measured(0.01, arguments=large(1 << 16)), Candidate("process-spawn", CORES, 1)
    _, of_pilot = predict(replace(sample, n=40), COSTS, one, drawn(sample), ())
    start_s, steady_s = float(np.median(of_pilot.start_up)), float(np.median(of_pilot.steady))
    pilots = [piloted(one, 40, steady_s, start_s=start_s)]
    draws, grown = drawn(sample), replace(sample, arguments=large(1 << 26))
    predict(sample, COSTS, one, draws, pilots)
    others = Draws(grown, CORES, (1e-3,), factors=draws.factors)
    expected_s, _ = predict(grown, COSTS, one, others, pilots)
    assert np.median(expected_s) == pytest.approx(median_s(grown, one), rel=1e-6)
    assert np.median(expected_s) > 2 * median_s(sample, one)


@pytest.mark.parametrize("drift", [0.7, 1.0, 1.4])
def test_the_pace_of_the_machine_is_none_of_a_kinds(drift: float) -> None:
    """A pilot of a slower or faster minute corrects by as much as one of the same minute; the times all know of it."""
    sample, one = measured(0.01), Candidate("process-spawn", CORES, 1)
    _, terms = predict(replace(sample, n=40), COSTS, one, drawn(sample), ())
    steady_s, start_s = float(np.median(terms.steady)), float(np.median(terms.start_up))
    then = piloted(one, 40, 1.2 * drift * steady_s, start_s=drift * start_s, alone=drift)
    expected_s, of_job = predict(sample, COSTS, one, drawn(sample), [then])
    assert np.median(expected_s) == pytest.approx(start_s + 1.2 * np.median(of_job.steady), rel=1e-6)
    draws = Draws(sample, CORES, (1e-3,), drifts=then.drifts)
    serial = draws.interval(predict(sample, COSTS, Candidate("serial", 1, 1), draws, ())[0])
    assert serial.high / serial.low == pytest.approx(max(drift, 1 / drift))


@given(st.lists(st.floats(0.5, 2), max_size=5), st.lists(st.floats(0.1, 10), min_size=2, max_size=20))
def test_the_order_is_that_of_the_times(drifts: list[float], rests_s: list[float]) -> None:
    """However the machine's pace went, and a pilot's runs scattered, the ranking is by the times that it shows."""
    sample, one = measured(0.5), Candidate("shared", CORES, 1)
    pilot = piloted(one, 2, *rests_s, task_s=0.5)
    draws = Draws(sample, CORES, (1e-3,), drifts=drifts)
    evidence = Evidence(sample, COSTS, {one.kind: pilot}, CORES)
    times = [found.time_s.value for found in predictions(rank(evidence, draws), evidence, draws)]
    assert times == sorted(times)


def test_the_luck_of_a_pilots_process_is_none_of_its_kinds() -> None:
    """Two kinds whose pilots took as long are a tie, whichever process was the faster one when it ran tasks alone."""
    sample, one, other = measured(0.01), Candidate("process-spawn", CORES, 1), Candidate("shared", CORES, 1)
    pilots = [piloted(each, 40, 0.12, alone=alone) for each, alone in ((one, 0.75), (other, 1.25))]
    times = [np.median(predict(sample, COSTS, each, drawn(sample), pilots)[0]) for each in (one, other)]
    assert times[0] == pytest.approx(times[1])


@pytest.mark.parametrize(("workers", "nearest"), [(1, 1), (2, 1), (4, 8), (16, 8), (32, 64), (64, 64)])
def test_the_pilot_with_the_nearest_number_of_workers_counts(workers: int, nearest: int) -> None:
    """By its ratio: four workers are nearer to eight than to one."""
    sample, one = measured(0.01, cpu_share=0.01, n=640, threads=64), Candidate("thread", workers, 1)
    pilots = {count: piloted(Candidate("thread", count, 1), 64, float(count)) for count in (1, 8, 64)}
    by_one, by_all = (
        np.median(predict(sample, COSTS, one, drawn(sample), given)[0])
        for given in ([pilots[nearest]], pilots.values())
    )
    assert by_all == by_one


def test_a_set_up_is_done_by_each_worker() -> None:
    """In processes, as many at once as there are cores; threads have what the caller has set up before."""
    plain, set_up = measured(0.01), measured(0.01, setup_s=1.0)
    kinds = {"serial": 0.0, "thread": 0.0, "process-fork": 2.0, "process-spawn": 2.0}
    more = {
        kind: median_s(set_up, Candidate(kind, 2 * CORES, 1)) - median_s(plain, Candidate(kind, 2 * CORES, 1))
        for kind in kinds
    }
    assert more == pytest.approx(kinds)


def test_functions_that_keep_all_cores_busy_gain_nothing() -> None:
    """Where a task has threads of its own on every core, workers share the same cores."""
    sample = measured(0.1, cpu_share=float(CORES), gil_share=0.0)
    assert ranked(sample)[0].candidate.kind == "serial"


def test_what_threads_share_without_a_gil_is_not_what_processes_share() -> None:
    """There, processor time that threads take more may be objects; with a GIL, it is the memory of both."""
    alike = measured(gil_share=0.0)
    crowded = replace(alike, together_cpu_s=tuple(3 * took for took in alike.together_cpu_s))
    one = Candidate("process-fork", CORES, 1)
    assert median_s(crowded, one) > 2 * median_s(alike, one)
    assert median_s(replace(crowded, has_gil=False), one) == pytest.approx(median_s(alike, one))


def test_terms_add_up() -> None:
    """With what a pilot adds to them or takes away they are the time that is predicted."""
    sample, one = measured(0.01), Candidate("process-spawn", CORES, 1)
    pilot = piloted(one, 40, 0.3, start_s=0.2)
    evidence = Evidence(sample, COSTS, {one.kind: pilot}, CORES)
    draws = drawn(sample)
    found = next(
        each for each in predictions(rank(evidence, draws), evidence, draws) if each.candidate.kind == one.kind
    )
    terms = found.terms
    caller = sum(terms[name] for name in ("dispatch", "pickling", "transfer", "gil"))
    steady = max(caller, terms["workers"], terms["cores"]) + terms["fill"]
    assert terms["pilot"] != 0
    assert terms["start_up"] + terms["imports"] + steady + terms["pilot"] == pytest.approx(found.time_s.value)


def test_tasks_that_are_others_than_in_the_sample_are_no_pace() -> None:
    """A function that remembers what it returned takes next to nothing the second time: the machine is not faster."""
    pilot = replace(piloted(Candidate("thread", 2, 1), 2, 0.1, 0.1, 0.1, task_s=0.1), alone_s=(1e-6, 0.15, 9.0))
    assert list(pilot.drifts) == pytest.approx([1.0, 1.5, 1.0])
    assert replace(pilot, alone_sample_s=0.0).drifts == (1.0, 1.0, 1.0)


def test_a_start_is_the_pilots_own() -> None:
    """However much the starts of the kind's pools differ, what its pilot has seen of this function's stands."""
    sample, one = measured(0.01, n=40), Candidate("process-spawn", CORES, 1)
    scattered = {**COSTS, one.kind: replace(costs(one.kind), start_s=(0.05, 0.1, 0.1, 0.2, 0.9))}
    expected_s, _ = predict(sample, scattered, one, drawn(sample), [piloted(one, 40, 0.2, start_s=0.3)])
    assert list(np.unique(expected_s)) == pytest.approx([0.5])


def test_what_the_first_call_takes_longer_is_no_share_of_each() -> None:
    """A pilot has it once, as the job has."""
    sample, one = measured(0.01, n=4000, first_s=0.11), Candidate("thread", CORES, 1)
    expected_s, _ = predict(sample, COSTS, one, drawn(sample), [piloted(one, 40, 0.1 + 0.4, start_s=0.001)])
    assert np.median(expected_s) == pytest.approx(0.001 + 0.1 + 40, rel=1e-3)


def test_the_runs_of_a_pilot_are_drawn_again() -> None:
    """One that was held up counts for little, and the interval of a run is as wide as they are apart."""
    sample, one = measured(0.01, n=40), Candidate("thread", CORES, 1)

    def interval(*rest_s: float) -> Interval:
        evidence = Evidence(sample, COSTS, {one.kind: piloted(one, 40, *rest_s, start_s=0.001)}, CORES)
        draws = draw(evidence)
        return draws.interval(predict(sample, COSTS, one, draws, evidence.tried)[0])

    held_up, steady, apart = interval(0.4, 0.41, 0.4, 0.4, 4.0), interval(*[0.4] * 5), interval(0.2, 0.4, 0.4, 0.4, 0.8)
    assert held_up.value == pytest.approx(steady.value, rel=0.02)
    assert steady.high < 0.42
    assert apart.low < 0.3
    assert apart.high > 0.6


def test_what_cannot_be_told_apart_is_said() -> None:
    """Two kinds with the same costs are a tie; one that is many times slower is none."""
    twins = {"process-spawn": costs("process-spawn"), "shared": costs("shared")}
    ranking = ranked(measured(0.5), twins)
    assert [one.kind for one in ties(ranking)] == [ranking[1].candidate.kind]
    assert {ranking[0].candidate.kind, ranking[1].candidate.kind} == set(twins)


def test_workers_wait_for_their_first_chunk() -> None:
    """Of large arguments a chunk a worker keeps workers waiting, by what it takes to pickle and send all of them."""
    sample = measured(0.01, n=64, arguments=large(1 << 24), gil_share=0.0)
    filled = {}
    for chunksize in (16, 4):
        _, found = predict(sample, COSTS, Candidate("process-fork", CORES, chunksize), drawn(sample), ())
        filled[chunksize] = float(np.median(found.fill))
    assert filled[16] == pytest.approx(4 * filled[4])
    assert median_s(sample, Candidate("process-fork", CORES, 4)) < median_s(
        sample, Candidate("process-fork", CORES, 16)
    )
    no_bytes = measured(0.01, n=64, gil_share=0.0)
    _, found = predict(no_bytes, COSTS, Candidate("process-fork", CORES, 16), drawn(no_bytes), ())
    assert float(np.median(found.fill)) < 1e-4


@pytest.mark.parametrize("workers", [1, 2, 4])
def test_no_pilot_makes_tasks_shorter_than_they_are(workers: int) -> None:
    """A worker's share of them is the least that the job takes, whatever the model expected of the pilot."""
    sample = measured(0.01)
    pilot = piloted(Candidate("process-fork", 4, 1), 100, 0.01)  # one second of tasks in a hundredth
    expected_s, _ = predict(sample, COSTS, Candidate("process-fork", workers, 1), drawn(sample), [pilot])
    assert float(np.median(expected_s)) >= sample.n * 0.01 / workers


def test_kinds_that_are_alike_go_by_the_same_pilots() -> None:
    """Until one has been run three times itself."""
    sample = measured(0.01)
    fork = piloted(Candidate("process-fork", 4, 1), 100, 0.5, 0.5, 0.5)
    times: dict[int, float] = {}
    for runs in (1, 2, 3):
        spawn = piloted(Candidate("process-spawn", 4, 1), 100, *[0.9] * runs)
        expected_s, _ = predict(sample, COSTS, Candidate("process-spawn", 4, 1), drawn(sample), [fork, spawn])
        times[runs] = float(np.median(expected_s))
    assert times[1] == pytest.approx(0.1 + 0.5, rel=0.05)
    assert times[1] <= times[2] <= times[3]
    assert times[3] == pytest.approx(0.1 + 0.9, rel=0.05)


def test_memory_grows_by_worker() -> None:
    """Each worker adds what it was measured to add, what the module takes, and what a task takes; the results stay."""
    sample = measured(0.5, import_bytes=1 << 22)
    evidence = Evidence(sample, COSTS, {}, CORES)
    found = {one.candidate.kind: one for one in predictions(ranked(sample), evidence, drawn(sample))}
    kept = sample.n * sample.results.size_bytes
    assert found["serial"].peak_bytes == (1 << 24) + kept + (1 << 20)
    spawned = found["process-spawn"]
    chunk = 2 * spawned.candidate.chunksize * (5 + 5)  # as things, and pickled
    each = (1 << 22) + (1 << 20) + (1 << 20) + chunk
    assert spawned.peak_bytes == (1 << 24) + kept + spawned.candidate.workers * each
    assert spawned.speedup == pytest.approx(found["serial"].time_s.value / spawned.time_s.value)


@given(st.lists(st.floats(0, 10), min_size=1, max_size=60), st.integers(1, 8), st.integers(1, 70))
def test_imbalance_is_between_even_and_alone(tasks: list[float], workers: int, chunksize: int) -> None:
    """The longest share of a worker is at least the mean of all, and at most the whole job."""
    assert 1 - 1e-9 <= imbalance(np.asarray(tasks), workers, chunksize) <= workers + 1e-9


@pytest.mark.parametrize(
    ("tasks", "workers", "chunksize", "expected"),
    [
        ((1, 1, 1), 2, 1, 4 / 3),
        ((1, 1, 1, 1), 2, 1, 1),
        ((1, 1, 1, 1), 2, 3, 1.5),
        ((3, 1, 1, 1), 2, 1, 1),
        ((1,), 4, 1, 4),
    ],
)
def test_imbalance_of_plain_cases(tasks: tuple[float, ...], workers: int, chunksize: int, expected: float) -> None:
    """Chunks go to whichever worker is free first."""
    assert imbalance(np.asarray(tasks, dtype=float), workers, chunksize) == pytest.approx(expected)


def test_a_long_stretch_stays_together() -> None:
    """Items near a sampled one take as long as that, those between two as long as either."""
    jobs = spread_out((0.25, 0.75), (1.0, 9.0), 6, np.random.default_rng(1))
    assert {tuple(job[[0, 1, 4, 5]]) for job in jobs} == {(1.0, 1.0, 9.0, 9.0)}
    assert {value for job in jobs for value in job[2:4]} == {1.0, 9.0}


def test_what_was_sampled_is_itself() -> None:
    """An item that was run takes what it took."""
    times = tuple(float(place) for place in range(1, 6))
    jobs = spread_out(tuple((place - 0.5) / 5 for place in times), times, 5, np.random.default_rng(1))
    assert {tuple(job) for job in jobs} == {times}


def test_small_chunks_even_out_what_is_not_known() -> None:
    """Of tasks that differ by nothing that the sample tells, large chunks are likelier to be uneven."""
    random = np.random.default_rng(1)
    positions, task_s = (random.permutation(40) + 0.5) / 40, random.uniform(0.1, 1.9, 20)
    jobs = spread_out(tuple(positions[:20]), tuple(task_s), 40, random)
    assert 1 < mean_imbalance(jobs, 2, 1) < mean_imbalance(jobs, 2, 20)


@given(st.integers(1, 10_000), st.integers(1, 64))
def test_chunks_reach_from_one_item_to_one_chunk_a_worker(n: int, workers: int) -> None:
    """They are in order, without repetition, and none leaves a worker that could have one without."""
    sizes = chunk_sizes(n, workers)
    assert sizes == sorted(set(sizes))
    assert (sizes[-1] - 1) * workers < n <= sizes[-1] * workers


@given(st.integers(1, 1000), st.integers(1, 64), st.floats(0, 4))
def test_there_are_never_more_workers_than_items(n: int, cores: int, cpu_share: float) -> None:
    """A worker a core is among the counts where there are items enough."""
    counts = worker_counts(measured(n=n, cpu_share=cpu_share), cores)
    assert counts == sorted(set(counts))
    assert counts[-1] <= n
    assert min(cores, n) in counts


@pytest.mark.parametrize("gil_share", [0.0, 0.3, 1.0])
def test_the_gil_share_comes_from_threads_against_one(gil_share: float) -> None:
    """What threads take more than one, beyond the cores, is what they did one at a time."""
    assert measured(gil_share=gil_share).gil_share(CORES) == pytest.approx(gil_share)


@pytest.mark.parametrize("pace", [0.5, 1.0, 2.0])
def test_the_pace_of_the_machine_is_none_of_the_gil(pace: float) -> None:
    """Where it was another one while threads ran than while one did."""
    sample = measured(gil_share=0.6)
    wall_s, cpu_s = (tuple(pace * one for one in times) for times in (sample.together_s, sample.together_cpu_s))
    slower = replace(sample, together_s=wall_s, together_cpu_s=cpu_s)
    assert slower.gil_share(CORES) == pytest.approx(0.6)


@pytest.mark.parametrize("gil_share", [0.0, 0.3])
def test_what_threads_compute_more_is_no_gil(gil_share: float) -> None:
    """Where each uses its processor for half as long again, the rounds are longer, and none waits for the other."""
    plain = measured(gil_share=gil_share)
    crowded = replace(
        plain,
        together_s=tuple(1.5 * took for took in plain.together_s),
        together_cpu_s=tuple(1.5 * took for took in plain.together_cpu_s),
    )
    assert crowded.crowding == pytest.approx(1.5)
    assert crowded.gil_share(CORES) == pytest.approx(gil_share)


def test_crowding_lengthens_what_computes_side_by_side() -> None:
    """Of a function, or at least that of the kind: in full on all cores, not at all in one worker or while waiting."""
    crowded = {kind: costs(kind, crowding=(1.5,) * PROCESSES) for kind in KINDS[1:]}
    sample = measured(0.1, n=20)

    def extra_s(workers: int, **changes: float) -> float:
        one = Candidate("process-fork", workers, 1)
        changed = replace(sample, **changes)  # type: ignore[arg-type]  # fields by name
        return median_s(changed, one, crowded) - median_s(changed, one)

    assert extra_s(CORES) == pytest.approx(0.5 * 20 * 0.1 / CORES)
    assert extra_s(1) == 0
    assert extra_s(CORES, cpu_share=0.01) == pytest.approx(0.01 * 0.5 * 20 * 0.1 / CORES)
    in_threads = replace(sample, together_cpu_s=tuple(2 * took for took in sample.together_cpu_s))
    one = Candidate("process-fork", CORES, 1)
    assert median_s(in_threads, one, crowded) - median_s(sample, one) == pytest.approx(20 * 0.1 / CORES)


@pytest.mark.parametrize(("gil_share", "told"), [(0.4, 2.0), (0.6, 1.0)])
def test_threads_that_take_turns_tell_nothing_of_workers(gil_share: float, told: float) -> None:
    """Only of what computes side by side in threads is it known what it computes longer for that."""
    sample = measured(gil_share=gil_share)
    crowded = replace(sample, together_cpu_s=tuple(2 * took for took in sample.together_cpu_s))
    crowded = replace(crowded, together_s=tuple(2 * took for took in sample.together_s))
    assert drawn(crowded).crowding == told


def test_figures_of_a_draw_are_of_one_process() -> None:
    """What one process has measured too high in one and too low in another is not mixed with what others have."""
    one, other = (costs("process-fork", start_s=start_s, busy_s=(1 / start_s,)) for start_s in (1.0, 2.0))
    both = replace(one, start_s=one.start_s[:1], busy_s=one.busy_s).and_again(
        replace(other, start_s=other.start_s[:1], busy_s=other.busy_s)
    )
    draws = drawn(measured())
    start_s, busy_s = draws.of(both, "start_s"), draws.of(both, "busy_s")
    assert set(start_s) == {1.0, 2.0}
    assert start_s * busy_s == pytest.approx(1.0)


def test_very_long_jobs_are_as_even_as_others() -> None:
    """A chunk a worker is one for each, also where not every item has a task that stands for it."""
    assert drawn(measured(n=1_000_000)).imbalance(4, 250_000) == pytest.approx(1.0)


def test_waiting_says_nothing_of_the_gil() -> None:
    """Tasks that hardly compute cannot be in each other's way."""
    assert measured(cpu_share=0.01).gil_share(CORES) == 0


def test_a_little_waiting_hides_no_gil() -> None:
    """A task that gave its processor up once holds the GIL all the same."""
    assert measured(cpu_share=0.97).gil_share(CORES) == pytest.approx(1.0)
