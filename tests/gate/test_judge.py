"""From what was found to a verdict: what decides, in which order, and how it is said."""

import dataclasses
import json
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from bench.gate import wording
from bench.gate.exporters import as_json, as_markdown, as_text
from bench.gate.judge import Changes, Judgement, judge
from bench.gate.memory import compare
from bench.gate.procedure.confirm import confirm
from bench.gate.procedure.decide import Course, follow
from bench.gate.procedure.rules import Margin
from bench.gate.procedure.screen import screen
from bench.gate.procedure.sizes import Cost
from bench.gate.procedure.synthetic import Synthetic, normal
from bench.gate.proofs import Package, Proof, check
from bench.gate.sets import Sets
from bench.gate.trouble import Trouble
from bench.gate.verdict import Finding, Instructions, Memory, Rules, Side, Status, Verdict
from bench.instrument import writer
from bench.lockstep.recording import Refusal, Why
from bench.report import verdict as report_verdict

RULES = Rules.of()
UNCHANGED = Changes()
DEFAULT = Margin()
MORE = Memory("b1", 10_000_000, 20_000_000, 2.0, 0.1, 3, "more")


def judged(
    slower: float = 0.0,
    *,
    spread: float = 0.005,
    changes: Changes = UNCHANGED,
    memory: tuple[Memory, ...] = (),
    rules: Rules = RULES,
    everywhere: float = 0.0,
) -> Judgement:
    """Judge five benchmarks, of which b0 is slower by a log ratio."""
    return judge(followed(slower, spread=spread, everywhere=everywhere), changes, memory, rules)


def followed(
    slower: float = 0.0, *, spread: float = 0.005, everywhere: float = 0.0, margin: Margin = DEFAULT
) -> Course:
    """Run the procedure on these."""
    names = [f"b{number}" for number in range(5)]
    truths = dict.fromkeys(names, everywhere) | {"b0": slower}
    cost = Cost(2.0, 0.03, dict.fromkeys(names, 0.012))
    source = Synthetic(np.random.default_rng(1), truths, dict.fromkeys(names, spread), normal, cost, 120)
    return follow(source, lambda _: margin)


def verdict(judgement: Judgement, **more: object) -> Verdict:
    """Wrap a judgement as a run does."""
    side = Side("v1", "0123456789abcdef", dirty=False, packages=("x 1",))
    known = dataclasses.replace(
        Verdict(
            "pass", Status.PASS, "", (), side, side, RULES, 300, 100, "2026-01-01T00:00:00+00:00", "a cpu, 2 cores"
        ),
        outcome=judgement.outcome,
        status=judgement.status,
        line=judgement.line,
        why=judgement.why,
        suite=judgement.suite,
        benchmarks=judgement.benchmarks,
    )
    return dataclasses.replace(known, **more)  # type: ignore[arg-type]  # fields by name


def test_pass() -> None:
    """Nothing slower: the line says of how many, and what would have been found."""
    found = judged()

    assert (found.outcome, found.status) == ("pass", Status.PASS)
    assert found.line == "pass: none of 5 benchmarks was found slower by more than 1%"
    assert {finding.stage for finding in found.benchmarks} == {"screen"}
    assert any(reason.startswith("found with 90% power") for reason in found.why)
    assert not any("marker" in reason for reason in found.why)


def test_regression() -> None:
    """A confirmed slowdown is named with its ratio and interval, and why it counts."""
    found = judged(slower=0.07)

    assert (found.outcome, found.status) == ("regression", Status.REGRESSION)
    assert found.line.startswith("regression: b0 1.07x slower [1.0")
    (finding,) = [finding for finding in found.benchmarks if finding.name == "b0"]
    assert finding.why.startswith("confirmed in 16 fresh generations, at least 1.0")
    assert finding.bound is not None
    assert finding.p is not None
    assert finding.bound > 1.01
    assert finding.p < 0.01


def test_improvement_passes_and_is_told() -> None:
    """A confirmed improvement is in the table."""
    found = judged(slower=-0.07)

    assert found.status is Status.PASS
    assert [finding.decision for finding in found.benchmarks if finding.name == "b0"] == ["faster"]


def test_suite_as_a_whole() -> None:
    """A slowdown of all benchmarks is told as one of the suite."""
    found = judged(slower=0.015, spread=0.008, everywhere=0.015)

    assert found.status is Status.REGRESSION
    assert "the suite as a whole 1.0" in found.line


def test_improvement_of_the_suite_has_its_own_figures() -> None:
    """The p-value and the bound are those of what is said, not of a slowdown that nobody has found."""
    suite = judged(everywhere=-0.02, spread=0.002).suite

    assert suite is not None
    assert suite.decision == "faster"
    assert suite.p is not None
    assert suite.p <= RULES.alpha_suite
    assert suite.bound is not None
    assert suite.ratio is not None
    assert suite.ratio < suite.bound < 1 - RULES.delta_suite


def test_benchmarks_that_may_lose_more_are_not_said_to_have_lost_less() -> None:
    """Where one is allowed another delta than the suite, the line does not promise the suite's."""
    found = judge(followed(margin=Margin(0.05)), UNCHANGED, (), RULES)

    assert found.line == "pass: none of 5 benchmarks was found slower by more than it may become"
    assert found.why[0] == "allowed more than 1% by a marker of head's: 5 of 5 benchmarks, b0 the most (5%)"


def test_what_a_stopped_run_has_flagged() -> None:
    """Without its confirmation it is neither slower nor unchanged; what the screen let go stays let go."""
    stopped = dataclasses.replace(followed(0.07), slower={}, faster={})

    found = {finding.name: finding.decision for finding in judge(stopped, UNCHANGED, (), RULES).benchmarks}

    assert found == {"b0": "inconclusive"} | {f"b{number}": "no change" for number in range(1, 5)}


@pytest.mark.parametrize(("asked", "status"), [("pass", Status.PASS), ("fail", Status.INCONCLUSIVE)])
def test_noise_is_inconclusive(asked: str, status: Status) -> None:
    """Benchmarks that hide 1.05x are never called unchanged; the line is loud, the status as asked."""
    rules = dataclasses.replace(RULES, inconclusive=asked)  # type: ignore[arg-type]  # one of the two
    found = judged(spread=0.2, rules=rules)

    assert (found.outcome, found.status) == ("inconclusive", status)
    assert found.line.startswith("INCONCLUSIVE, ")
    assert "no change" not in {finding.decision for finding in found.benchmarks}


def test_noise_is_inconclusive_of_what_looked_faster() -> None:
    """So is a benchmark that the screen flagged as faster alone, and that is not confirmed: it may hide a slowdown."""
    rng = np.random.default_rng(1)
    margins = {"b": DEFAULT}
    screened = {"b": screen(rng.normal(-0.5, 0.2, 15).tolist(), DEFAULT)}
    faster = confirm({"b": rng.normal(0, 0.25, 16).tolist()}, margins, RULES.alpha, faster=True)
    course = Course(margins=margins, screened=screened, confirming=16, faster=faster)

    found = judge(course, UNCHANGED, (), RULES)

    assert not screened["b"].may_be_slower
    assert (found.outcome, found.benchmarks[0].decision) == ("inconclusive", "inconclusive")
    assert found.benchmarks[0].found is not None
    assert found.benchmarks[0].found > 1 + RULES.limit


def test_failure_comes_before_all() -> None:
    """What could not be measured outranks a slowdown, which outranks a changed set, which outranks doubt."""
    failed, removed = {"c": "died on head: was killed"}, {"d": "head has no such benchmark"}

    assert judged(0.07, changes=Changes(failed=failed, removed=removed)).status is Status.COULD_NOT_RUN
    assert judged(0.07, changes=Changes(removed=removed)).status is Status.REGRESSION
    assert judged(spread=0.2, changes=Changes(removed=removed)).status is Status.CHANGED
    allowed = dataclasses.replace(RULES, allow_removed=True)
    assert judged(changes=Changes(removed=removed), rules=allowed).status is Status.PASS


def test_memory_fails_by_itself() -> None:
    """A grown peak is a regression though no time has changed."""
    found = judged(memory=(MORE,))

    assert found.status is Status.REGRESSION
    assert found.line == "regression: b1 9.54 MiB to 19.1 MiB, 2.00x more memory at its peak"


def proof(peaks: dict[str, int], **packages: str) -> Proof:
    """Return what a process proves."""
    return Proof(tuple(peaks), {}, dict.fromkeys(peaks, "passed"), peaks, packages, {})


def test_memory_needs_every_process_and_a_mebibyte() -> None:
    """Peaks count if all of head's are above all of base's, by the limit and a MiB."""
    base = [proof({"a": 10 << 20, "b": 10 << 20, "c": 1 << 20}) for _ in range(3)]
    head = [proof({"a": 12 << 20, "b": size << 20, "c": 3 << 19}) for size in (12, 12, 10)]

    found = compare(list(zip(base, head, strict=True)))

    assert {lane.name: lane.decision for lane in found} == {"a": "more", "b": "no change", "c": "no change"}
    assert next(iter(compare(list(zip(head, base, strict=True))))).decision == "less"


def test_proof_of_another_package_is_trouble() -> None:
    """Code that is not this side's, and none of it at all, stop the run."""
    own = {"x": Package("x 1", "aaaa")}

    check("head", proof({}, x="aaaa"), own)
    with pytest.raises(Trouble, match="imported another x than was built"):
        check("head", proof({}, x="bbbb"), own)
    with pytest.raises(Trouble, match="no benchmark imports x"):
        check("head", proof({}, y="aaaa"), own)


def test_sets() -> None:
    """What head lost is removed, what it skips alone too; what base never had is added, though it fails there."""
    sets = Sets(
        frozenset({"old", "same", "broken"}),
        proof(dict.fromkeys(["same", "new"], 0)),
        proof(dict.fromkeys(["same", "new", "broken"], 0)),
    )
    sets.compare()
    sets.refused(
        [
            Refusal("new", "base", Why.FAILED, "AttributeError"),
            Refusal("new", "head", Why.ALONE, ""),
            Refusal("same", "head", Why.SKIPPED, "not today"),
            Refusal("both", "head", Why.SKIPPED, "no machine"),
            Refusal("both", "base", Why.SKIPPED, "no machine"),
            Refusal("killed", "head", Why.DIED, "was killed"),
            Refusal("base-only", "base", Why.SKIPPED, "too old"),
        ]
    )
    found = sets.changes()

    assert dict(found.removed) == {"old": "head has no such benchmark", "same": "skipped on head: not today"}
    assert dict(found.added) == {"new": "failed on base: AttributeError", "base-only": "skipped on base: too old"}
    assert dict(found.failed) == {"broken": "not there", "killed": "died on head: was killed"}
    assert list(sets.notes()) == ["skipped on both sides: both: no machine"]


def test_every_benchmark_is_accounted_for() -> None:
    """What both sides have, and neither was decided nor refused, has failed: with its reason where there is one."""
    both = proof(dict.fromkeys(["decided", "skipped", "absent", "lost"], 0))
    sets = Sets(frozenset(), both, both)
    sets.refused(
        [
            *(Refusal("skipped", side, Why.SKIPPED, "no machine") for side in ("base", "head")),
            Refusal("absent", "head", Why.ABSENT, "this arm has no such benchmark"),
        ]
    )

    sets.account({"decided"}, {"absent": "head: this arm has no such benchmark"})

    assert dict(sets.changes().failed) == {
        "absent": "head: this arm has no such benchmark",
        "lost": "collected, and then neither measured nor refused",
    }


def test_flagged_and_not_confirmed_is_not_decided() -> None:
    """A benchmark that the confirmation did not get to look at is not among what is known."""
    found = followed(0.07)

    assert found.decided == {f"b{number}" for number in range(5)}
    assert dataclasses.replace(found, slower={}).decided == {f"b{number}" for number in range(1, 5)}


@pytest.mark.parametrize(
    ("ratio", "low", "high", "said"),
    [
        (1.07, 1.04, 1.1, "1.07x slower [1.04, 1.10]"),
        (0.5, 0.4, 0.8, "2.00x faster [1.25, 2.50]"),
        (1.01, 0.98, 1.03, "1.01x slower [1.02x faster, 1.03x slower]"),
        (0.99, 0.97, 1.02, "1.01x faster [1.02x slower, 1.03x faster]"),
        (1.07, None, None, "1.07x slower"),
        (None, None, None, "not measured"),
    ],
)
def test_ratios_are_reciprocals(ratio: float | None, low: float | None, high: float | None, said: str) -> None:
    """A ratio is a factor above one with its interval, which names directions where it holds both."""
    assert wording.ratio(Finding("b", "no change", "", ratio=ratio, low=low, high=high)) == said


def test_json_is_what_the_readme_says() -> None:
    """It is valid JSON with every key of the records, without NaN."""
    content = json.loads(json.dumps(as_json.content(verdict(judged(0.07))), allow_nan=False))

    assert (content["format"], content["schema"], content["status"]) == ("flagkit-gate", 1, 1)
    assert set(content["benchmarks"][0]) == {field.name for field in dataclasses.fields(Finding)}


def test_names_are_text() -> None:
    """A benchmark's name is neither Markdown, nor HTML, nor a command to a terminal."""
    found = verdict(judged(0.07))
    hostile = dataclasses.replace(found.benchmarks[0], name="<b>@me</b> [x](y) \x1b[31m|")
    text = dataclasses.replace(found, benchmarks=(hostile,), memory=(MORE,))

    assert "\x1b" not in as_text.render(text)
    assert "<b>" not in as_markdown.render(text)
    assert "\\@me" in as_markdown.render(text)
    assert "\\|" in as_markdown.render(text)


@pytest.mark.parametrize("render", [as_text.render, as_markdown.render], ids=["text", "Markdown"])
def test_counted_instructions_are_told(render: Callable[[Verdict], str]) -> None:
    """In each form, as advisory."""
    counted = Verdict("pass", Status.PASS, "", (), None, None, RULES, 300, 100, "", "a cpu")
    told = render(dataclasses.replace(counted, instructions=(Instructions("all", 1_234_567, 2_345_678),)))

    assert "- instructions of all: 1,234,567 to 2,345,678 (advisory)" in told.replace("\\", "")


def test_text_begins_and_ends_with_the_verdict() -> None:
    """The line is first and last, the table between them in the order of what matters."""
    lines = as_text.render(verdict(judged(0.07))).splitlines()

    assert lines[0] == lines[-1]
    assert lines[3].startswith("b0")


def test_long_summary_is_folded() -> None:
    """Of many benchmarks those without a change are folded away."""
    found = verdict(judged(0.07))
    quiet = next(finding for finding in found.benchmarks if finding.decision == "no change")
    many = dataclasses.replace(
        found, benchmarks=(found.benchmarks[0], *(dataclasses.replace(quiet, name=f"q{n}") for n in range(20)))
    )

    text = as_markdown.render(many)

    assert text.index("b0") < text.index("<details>") < text.index("q19")


def test_report_shows_the_verdict(tmp_path: Path) -> None:
    """The report reads the file that a gate run writes: its line, its sides, and each benchmark that has a ratio."""
    found = judged(0.07, changes=Changes(added={"new": "failed on base"}))
    path = tmp_path / "gate.json"
    writer.write(path, as_json.content(verdict(found)))

    read = report_verdict.load(path)

    assert (read.outcome, read.status, read.line, read.base) == ("regression", 1, found.line, "v1")
    shown = {one.name: one for one in read.benchmarks}
    assert {f"b{number}" for number in range(5)} < set(shown)
    assert shown["b0"].ratio == found.benchmarks[0].ratio


def test_report_shows_a_run_without_a_verdict(tmp_path: Path) -> None:
    """A run that was stopped before it knew its sides is shown all the same."""
    path = tmp_path / "gate.json"
    stopped = verdict(judged(), base=None, head=None, benchmarks=(), outcome="could not run", status=Status.INTERRUPTED)
    writer.write(path, as_json.content(stopped))

    assert report_verdict.load(path).status == 130
