"""What the advice says: the reason, what would change it, the snippet and the page."""

import ast
import json
from dataclasses import replace

import pytest

from flagkit.advise import Advice, Candidate, Interval, Prediction, RuledOut, figures, reasons
from flagkit.advise.draws import Draws
from flagkit.advise.measured import Measured, Packing
from flagkit.advise.ranking import draw, predictions, rank, ties
from flagkit.advise.records import Evidence, KindCosts, Verified
from flagkit.advise.rendering import WIDTH, as_json, as_text
from flagkit.advise.snippet import snippet
from flagkit.advise.target import Target
from tests.advise import subjects
from tests.advise.made import CORES, costs, large, measured, piloted

pytestmark = pytest.mark.once
COSTS = {kind: costs(kind) for kind in ("thread", "process-fork", "process-spawn")}
TARGET = Target("job:gcd", "job:two_pairs")


def advised(sample: Measured, known: dict[str, KindCosts] = COSTS, **changes: object) -> Advice:
    """Return the advice by the model alone."""
    evidence = Evidence(sample, known, {}, CORES)
    draws = Draws(sample, CORES, [1e-3])
    ranking = rank(evidence, draws)
    found = predictions(ranking, evidence, draws)
    advice = Advice(
        choice=found[0],
        reason=reasons.reason(sample, ranking, draws),
        ties=tuple(ties(ranking)),
        changes=tuple(reasons.changes(evidence, ranking, draws)),
        warnings=tuple(reasons.warnings(sample, found[0].candidate)),
        ranking=tuple(found),
        ruled_out=(),
        snippet=snippet(TARGET, found[0].candidate),
        evidence=evidence,
        seconds=3.0,
    )
    return replace(advice, **changes)  # type: ignore[arg-type]


def test_the_reason_against_threads_is_the_gil() -> None:
    """Where it is held, that is the reason, with its share."""
    reason = advised(measured(0.2)).reason
    assert reason.startswith("Threads would take turns, as ")
    assert "100% of the computing" in reason
    assert "use process-fork, 4 workers" in reason


def test_what_threads_share_without_a_gil_is_no_gil() -> None:
    """The reason goes by the process that ran the function: importing its module may have switched the GIL on."""
    reason = advised(measured(0.2, has_gil=False)).reason
    assert reason.startswith("Threads would take turns, as 100% of the computing is on what they share: ")


def test_threads_that_gain_a_little_do_not_take_turns() -> None:
    """The reason and the speed-up in the table say the same."""
    advice = advised(measured(0.2, gil_share=0.6))
    serial, threads = (
        next(one.time_s.value for one in advice.ranking if one.candidate.kind == kind) for kind in ("serial", "thread")
    )
    gain = figures.ratio(serial / threads)
    assert advice.reason.startswith(f"Threads would gain only {gain}, as the GIL is held for 60% of the computing: ")


def held_back(sample: Measured, first: str | None = None) -> dict[str, str]:
    """Return what the GIL rules out by the model alone, or where that kind is the first."""
    draws = Draws(sample, CORES, [1e-3])
    ranking = rank(Evidence(sample, COSTS, {}, CORES), draws)
    ranking.sort(key=lambda one: one.candidate.kind != first)
    return reasons.held_back(sample, ranking, draws)


def test_threads_that_take_turns_are_ruled_out() -> None:
    """With the share of the GIL, and the measurement that says so."""
    why = "the GIL is held for 100% of the computing: 4 threads with as much to do each took 4.00x as long as one"
    assert held_back(measured(0.2)) == {"thread": why}


@pytest.mark.parametrize(
    "sample",
    [
        measured(0.2, cpu_share=0.5),  # another one computes while one waits
        measured(0.2, gil_share=0.7),
        measured(0.2, gil_share=0.82),  # 1.16x by four
        measured(0.2, has_gil=False),  # what they share may be in the function
    ],
)
def test_threads_that_gain_are_ranked(sample: Measured) -> None:
    """Little though it may be."""
    assert held_back(sample) == {}


def test_the_first_is_never_ruled_out() -> None:
    """Whatever the GIL's share, it is there for something."""
    assert held_back(measured(0.2), first="thread") == {}


def test_the_reason_for_threads_is_waiting() -> None:
    """With the share of the time."""
    assert advised(measured(0.1, cpu_share=0.001, n=640, threads=64)).reason.startswith(
        "The tasks wait for 100% of their time"
    )


def test_the_reason_against_processes_is_the_payload() -> None:
    """With its size, and the share of the time that it takes."""
    reason = advised(measured(0.005, gil_share=0.0, arguments=large(1 << 25))).reason
    assert "would be pickling and moving the 32.0 MiB argument" in reason


def test_the_reason_for_serial_is_what_pools_cost() -> None:
    """Their start, or what handing tasks out takes."""
    reason = advised(measured(1e-6)).reason
    assert "Threads would spend " in reason or "to start" in reason
    assert reason.endswith("run it serially, in 100 \N{MICRO SIGN}s.")


def test_the_reason_has_the_time_of_the_table() -> None:
    """Where the machine has become slower meanwhile, in both."""
    sample = measured(1e-6)
    draws = Draws(sample, CORES, [1e-3], drifts=[1.5, 1.5, 1.5])
    ranking = rank(evidence := Evidence(sample, COSTS, {}, CORES), draws)
    predicted = figures.seconds(predictions(ranking, evidence, draws)[0].time_s.value)
    assert predicted == "150 \N{MICRO SIGN}s"
    assert reasons.reason(sample, ranking, draws).endswith(f"run it serially, in {predicted}.")


def test_what_would_change_the_answer() -> None:
    """Longer tasks make pools worth their start, shorter ones do not; larger arguments end that."""
    serial, processes = advised(measured(1e-5)), advised(measured(0.2, arguments=large(1 << 20)))
    assert any(change.startswith("with tasks longer than ") and "process" in change for change in serial.changes)
    assert any(change.startswith("with tasks shorter than ") and "serial" in change for change in processes.changes)
    assert any(change.startswith("with arguments larger than ") for change in processes.changes)


@pytest.mark.parametrize("task_s", [1e-5, 1e-4])
def test_the_break_even_is_where_the_answer_changes(task_s: float) -> None:
    """At twice the task time that it names another family is chosen."""
    advice = advised(measured(task_s))
    assert advice.choice.candidate.kind == "serial"
    assert any(change.startswith("with tasks longer than ") for change in advice.changes)
    sizes = [change.split()[4:6] for change in advice.changes if change.startswith("with tasks longer than ")]
    value, unit = sizes[0]
    scale = {"s,": 1.0, "ms,": 1e-3, "\N{MICRO SIGN}s,": 1e-6, "ns,": 1e-9}[unit]
    assert advised(measured(2 * float(value) * scale)).choice.candidate.kind != "serial"


def test_another_answer_is_serial_where_that_may_be_as_fast() -> None:
    """Where pilots of threads that take turns were lucky, shorter tasks are not said to be for threads."""
    sample = measured(0.2)
    lucky = {"thread": piloted(Candidate("thread", 4, 1), 8, 1.4, 1.5, 1.65, start_s=0.001, task_s=0.2)}
    evidence = Evidence(sample, COSTS, lucky, CORES)
    draws = draw(evidence)
    ranking = rank(evidence, draws)
    assert [one.candidate.kind for one in ranking[-2:]] == ["thread", "serial"]
    shorter = [change for change in reasons.changes(evidence, ranking, draws) if "shorter" in change]
    assert [change.rpartition(", ")[2] for change in shorter] == ["serial would be best"]


def test_short_arguments_grow_by_their_bytes() -> None:
    """Pickling five bytes takes as long as the call: ten thousand times as many do not take that so many times."""
    changes = [change for change in advised(measured(0.2)).changes if change.startswith("with arguments larger than ")]
    assert [change.split()[5].rstrip(",") for change in changes] in ([], ["GiB"], ["MiB"])
    slow = Packing(24.0, 0.0, 1e-6, 1e-6, 1e-6, 1e-6)
    found = [
        {change for change in advised(measured(0.2, arguments=one)).changes if "arguments" in change}
        for one in (slow, replace(slow, dumps_s=2e-6, loads_s=2e-6))
    ]
    assert found[0] == found[1]


def test_nothing_to_compare_is_said() -> None:
    """Where no executor could be measured, the reason is not that none is worth it."""
    advice = advised(measured(6.0), {})
    assert advice.reason == "Nothing else could be compared: run it serially, in 600 s."
    evidence = Evidence(replace(measured(6.0), task_s=(6.0,)), {}, {}, CORES)
    assert list(reasons.untried(evidence, Candidate("serial", 1, 1))) == [
        "one task was run: by how much tasks differ is not known",
        "there was no time to measure what any executor costs: give a longer budget",
    ]


def test_what_remembers_is_said() -> None:
    """Nothing was tried then, and the page says why."""
    evidence = Evidence(measured(remembers=300.0), COSTS, {}, CORES)
    warning, *_ = reasons.untried(evidence, Candidate("serial", 1, 1))
    assert warning.startswith("called again with the same items it was 300x as fast")


def test_warnings_of_side_effects() -> None:
    """Processes have copies, threads do it at once, serial has no trouble."""
    effect = ("it changes seen of job, of which each worker process has its own",)
    sample = measured(side_effects=effect)
    assert list(reasons.warnings(sample, Candidate("process-fork", 2, 1))) == list(effect)
    assert list(reasons.warnings(sample, Candidate("thread", 2, 1))) == [
        "it changes seen of job, which threads would do at once"
    ]
    assert list(reasons.warnings(sample, Candidate("serial", 1, 1))) == []
    own_threads = list(reasons.warnings(measured(cpu_share=3.0), Candidate("process-fork", 2, 1)))
    assert own_threads == ["a task keeps 3.0 processors busy by itself: its own threads and workers compete"]


@pytest.mark.parametrize(
    "candidate",
    [
        Candidate("serial", 1, 1),
        Candidate("thread", 3, 1),
        Candidate("interpreter", 2, 1),
        Candidate("process-fork", 2, 8),
        Candidate("process-spawn", 2, 1),
        Candidate("shared", 2, 4),
        Candidate("dask", 2, 4),
    ],
)
@pytest.mark.parametrize("items", ["job:two_pairs", "@pairs.json", [1, 2]])
@pytest.mark.parametrize("setup", [None, "job:set_up"])
def test_snippets_are_python(candidate: Candidate, items: str | list[int], setup: str | None) -> None:
    """Whatever is chosen; each name that was given by name is imported or read, and used."""
    code = snippet(Target("job:gcd", items, setup), candidate)
    tree = ast.parse(code)
    imported = {one.name for node in ast.walk(tree) if isinstance(node, ast.ImportFrom) for one in node.names}
    assert {"gcd", *({"set_up"} if setup else ())} <= imported
    assert ("two_pairs" in imported) == (items == "job:two_pairs")
    used = [node.id for node in ast.walk(tree) if isinstance(node, ast.Name)]
    assert "gcd" in used
    assert ("set_up" in used) == (setup is not None)


def test_snippets_of_objects_and_factories() -> None:
    """Functions that have a name are imported by it, others are called `function`; a factory is called."""
    code = snippet(Target(subjects.gcd, [1]), Candidate("serial", 1, 1))
    assert code.splitlines() == ["from tests.advise.subjects import gcd", "", "results = [gcd(item) for item in items]"]
    assert snippet(Target(len, [1]), Candidate("serial", 1, 1)) == "results = [len(item) for item in items]"
    assert "in few()]" in snippet(Target("job:gcd", "job:few"), Candidate("serial", 1, 1), is_factory=True)


def test_the_page_fits_and_says_all() -> None:
    """Lines are within WIDTH; kinds that are ruled out for the same reason share a line; a failed run is told."""
    interval = Interval(1.0, 0.9, 1.1)
    advice = advised(
        measured(0.2),
        ruled_out=tuple(RuledOut(kind, "the function cannot be pickled (it is a lambda)") for kind in ("loky", "dask")),
        verified=(
            Verified(Candidate("serial", 1, 1), interval, 1.05),
            Verified(Candidate("thread", 2, 1), interval, 2.0),
            Verified(Candidate("shared", 2, 1), interval, None, "it ran out of memory"),
        ),
    )
    lines = as_text(advice, TARGET).splitlines()
    assert max(map(len, lines)) <= WIDTH
    text = "\n".join(lines)
    assert "  loky, dask: the function cannot be pickled (it is a lambda)" in lines
    assert "* by the model alone: no short run was made of it" in lines
    assert "shared, 2 workers: it ran out of memory" in text
    rows = [line.split()[-1] for line in lines if line.startswith(("serial  ", "thread, 2 workers"))]
    assert rows[-2:] == ["yes", "no"]
    assert json.loads(as_json(advice))["verified"][2]["failure"] == "it ran out of memory"


def test_memory_that_is_not_known_is_no_number() -> None:
    """Where the system does not tell what a process has, neither does the table."""
    advice = advised(measured(0.2, base_bytes=0))
    assert {line.split()[-1] for line in as_text(advice, TARGET).splitlines() if "process-" in line[:8]} == {"unknown"}
    assert {one["peak_bytes"] for one in json.loads(as_json(advice))["ranking"]} == {None}


def test_ties_are_said() -> None:
    """What cannot be told apart is named."""
    twins = {"process-spawn": costs("process-spawn"), "shared": costs("shared")}
    assert "Cannot be told apart from: " in as_text(advised(measured(0.5), twins), TARGET)


@pytest.mark.parametrize(
    ("written", "expected"),
    [
        (figures.seconds(0.0123), "12.3 ms"),
        (figures.seconds(0), "0 ns"),
        (figures.size(27), "27 B"),
        (figures.size(4 << 20), "4.00 MiB"),
        (figures.ratio(3.1), "3.10x"),
        (figures.ratio(0.001), "< 0.01x"),
        (figures.percent(0.834), "83%"),
    ],
)
def test_figures(written: str, expected: str) -> None:
    """Three digits, and a unit that fits."""
    assert written == expected


def test_prediction_is_what_is_ranked() -> None:
    """The choice is the first, and the fastest."""
    advice = advised(measured(0.2))
    best: Prediction = min(advice.ranking, key=lambda one: one.time_s.value)
    assert advice.choice == best == advice.ranking[0]
