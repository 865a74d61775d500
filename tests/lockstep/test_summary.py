"""Ratios in words, and what a run cost."""

import io

import pytest

from bench.lockstep import summary
from bench.lockstep.cost import Clock, Phase
from bench.lockstep.estimate import PairedRounds, RatioEstimate
from bench.lockstep.progress import Progress
from bench.lockstep.recording import Recording, Refusal, Rounds, Why


def estimate(ratio: float, low: float | None, high: float | None) -> RatioEstimate:
    """Return a ratio with an interval."""
    why = None if low else "2 of the 6 generations that an interval needs"
    return RatioEstimate(ratio, low, high, 0.95, 6, 60, 0.01, 0.01, no_interval=why)


@pytest.mark.parametrize(
    ("ratio", "low", "high", "text"),
    [
        (1.07, 1.04, 1.10, "1.07x slower [1.04, 1.10]"),
        (0.5, 0.4, 0.8, "2.00x faster [1.25, 2.50]"),
        (1.01, 0.98, 1.04, "1.01x slower [1.02x faster, 1.04x slower]"),
        (0.99, 0.98, 1.04, "1.01x faster [1.04x slower, 1.02x faster]"),
        (1.0, 0.5, 2.0, "1.00x faster [2.00x slower, 2.00x faster]"),
        (1.2, None, None, "1.20x slower (no interval: 2 of the 6 generations that an interval needs)"),
    ],
)
def test_a_ratio_in_words(ratio: float, low: float | None, high: float | None, text: str) -> None:
    """Bounds run from the weaker to the stronger, in the ratio's own direction."""
    assert summary.ratio(estimate(ratio, low, high)) == text


def rounds(generation: int, **times_s: tuple[float, ...]) -> Rounds:
    """Return the rounds of a generation."""
    return Rounds(generation, 1, (0,), times_s, {name: tuple(range(len(times))) for name, times in times_s.items()})


def test_a_recording_pairs_what_was_measured_together() -> None:
    """Generations in which an arm is missing have no pair; an arm that was refused has no result at all."""
    recording = Recording(("base", "head", "third"), "base")
    recording.rounds["a"] = [rounds(0, base=(1.0,), head=(2.0,), third=(3.0,)), rounds(1, base=(1.5,), third=(2.5,))]
    recording.rounds["b"] = [rounds(0, base=(1.0,), head=(2.0,))]
    recording.refusals += [Refusal("a", "head", Why.DIED, "gone", 1), Refusal("b", "base", Why.FAILED, "wrong", 0)]
    assert recording.heads("a") == ("third",)
    assert recording.heads("b") == recording.heads("c") == ()
    assert recording.pairs("a", "third") == [PairedRounds((1.0,), (3.0,)), PairedRounds((1.5,), (2.5,))]
    assert recording.pairs("a", "head") == [PairedRounds((1.0,), (2.0,))]
    assert list(recording.measured("base")) == list(recording.measured("third")) == ["a"]
    assert list(recording.measured("head")) == []


def test_refusals_with_the_same_reason_share_a_line() -> None:
    """The first is named, the others are counted."""
    recording = Recording(("base", "head"), "base")
    recording.rounds["a"] = [rounds(0, base=(1.0,), head=(2.0,))]
    recording.refusals += [Refusal(name, "head", Why.SKIPPED, "not before 3.14", 0) for name in ("b", "c", "d")]
    lines = list(summary.lines(recording, Clock().cost()))
    assert "a  head  2.00x slower (no interval: 1 of the 6 generations that an interval needs)" in lines
    assert "head: skipped: b and 2 more: not before 3.14" in lines


def test_the_clock_tells_rounds_from_what_is_between_them() -> None:
    """A round's seconds, as its arm measured them, are taken out of the time around it."""
    clock = Clock()
    with clock.phase(Phase.STARTING):
        pass
    with clock.phase(Phase.BETWEEN_ROUNDS):
        clock.round(0.25)
        clock.round(0.25)
    cost = clock.cost()
    assert cost.seconds[Phase.ROUNDS] == 0.5
    assert cost.seconds[Phase.BETWEEN_ROUNDS] < -0.4  # they took no time really
    assert cost.turns == 2
    assert cost.in_turns_s + cost.beside_s == pytest.approx(cost.wall_s)
    assert Clock().cost().not_measuring() is None


class Terminal(io.StringIO):
    """A stream that says that it is a terminal."""

    def isatty(self) -> bool:
        """Say so."""
        return True


def test_progress_on_a_terminal() -> None:
    """One line, drawn anew, names what runs and says how long it will still take; it goes away."""
    out = Terminal()
    progress = Progress(out)
    progress.begin(2)
    for _ in range(2):
        progress.generation(2)
        for name in ("test_a", "test_b"):
            progress.benchmark(name)
            progress.done()
    drawn = out.getvalue()
    assert "measured 3 of 4, " in drawn
    assert " to go, test_b" in drawn
    assert "\n" not in drawn
    progress.say("a line of its own")
    progress.close()
    assert out.getvalue().count("\n") == 1
    assert out.getvalue().rstrip(" ").endswith("\r")


def test_progress_in_a_log() -> None:
    """A line a generation; the total follows when benchmarks have dropped out."""
    out = io.StringIO()
    progress = Progress(out)
    progress.begin(2)
    for benchmarks in (3, 2):
        progress.generation(benchmarks)
        for _ in range(benchmarks):
            progress.benchmark("test_a")
            progress.done()
    progress.close()
    assert [line.partition(",")[0] for line in out.getvalue().splitlines()] == ["measured 3 of 5", "measured 5 of 5"]
