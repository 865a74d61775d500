"""How the set of benchmarks differs between the sides: added, removed, or missing where it should not be."""

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field

from bench.gate.judge import Changes
from bench.gate.proofs import Proof
from bench.gate.source import BASE, HEAD
from bench.gate.trouble import Trouble
from bench.gate.verdict import Status
from bench.lockstep.recording import Refusal, Why


@dataclass(slots=True)
class Sets:
    """What each side has: `own` of base is by base's own files, `base` and `head` by those that measure."""

    own: frozenset[str]
    base: Proof
    head: Proof
    added: dict[str, str] = field(default_factory=dict)
    removed: dict[str, str] = field(default_factory=dict)
    failed: dict[str, str] = field(default_factory=dict)
    skipped: dict[str, str] = field(default_factory=dict)

    def compare(self) -> None:
        """Compare what was collected; raises Trouble where there is nothing to measure, or head cannot be collected."""
        if self.head.uncollected:
            node, reason = next(iter(self.head.uncollected.items()))
            raise Trouble(f"head's benchmarks cannot be collected: {node}: {reason}")
        here, there = set(self.head.benchmarks), set(self.base.benchmarks)
        self.removed = dict.fromkeys(sorted(self.own - here), "head has no such benchmark")
        for name in sorted(here - there):
            reason = next((why for node, why in self.base.uncollected.items() if name.startswith(node)), "not there")
            self._missing_on_base(name, reason)
        if not here:
            raise Trouble("head has no benchmark in this selection: an empty set passes nothing", Status.CHANGED)
        if not self.common() and not self.failed:
            raise Trouble("base has none of head's benchmarks: there is nothing to compare", Status.CHANGED)

    def common(self) -> frozenset[str]:
        """Return the benchmarks that both sides have."""
        return frozenset(self.head.benchmarks) & frozenset(self.base.benchmarks)

    def refused(self, refusals: Iterable[Refusal]) -> None:
        """Take in what could not be measured."""
        by_name: dict[str, dict[str, Refusal]] = {}
        for refusal in refusals:
            if refusal.why not in {Why.ABSENT, Why.ALONE}:
                by_name.setdefault(refusal.benchmark, {})[refusal.arm] = refusal
        for name, sides in by_name.items():
            skips = {side for side, refusal in sides.items() if refusal.why is Why.SKIPPED}
            if skips == {BASE, HEAD}:
                self.skipped[name] = sides[HEAD].reason
            elif skips == {HEAD}:
                self.removed[name] = f"skipped on head: {sides[HEAD].reason}"
            elif HEAD in sides:
                self.failed[name] = f"{sides[HEAD].why} on head: {sides[HEAD].reason}"
            elif skips == {BASE}:
                self.added[name] = f"skipped on base: {sides[BASE].reason}"
            else:
                self._missing_on_base(name, f"{sides[BASE].why} on base: {sides[BASE].reason}")

    def account(self, decided: Collection[str], failed: Mapping[str, str]) -> None:
        """Take in what became of the others: what both sides have, and nothing is known of, has failed."""
        known = {*decided, *self.added, *self.removed, *self.failed, *self.skipped}
        for name in sorted(self.common() - known):
            self.failed[name] = failed.get(name, "collected, and then neither measured nor refused")

    def silent(self) -> list[str]:
        """Return what base has by its own files, and the files that measure skip on both sides."""
        return [name for name in self.skipped if name in self.own]

    def own_ran(self, proof: Proof) -> None:
        """Take in how these end by base's own files: what does not skip there has been removed by head's."""
        for name in self.silent():
            if proof.outcomes[name] != "skipped":
                self.removed[name] = f"skipped by head's files, and not by base's: {self.skipped.pop(name)}"

    def changes(self) -> Changes:
        """Return what a verdict is to know."""
        return Changes(self.added, self.removed, self.failed)

    def notes(self) -> Sequence[str]:
        """Say what was not compared because neither side can run it."""
        reasons: dict[str, list[str]] = {}
        for name, reason in self.skipped.items():
            reasons.setdefault(reason, []).append(name)
        return [f"skipped on both sides: {_names(names)}: {reason}" for reason, names in reasons.items()]

    def _missing_on_base(self, name: str, reason: str) -> None:
        (self.failed if name in self.own else self.added)[name] = reason


def _names(names: Sequence[str]) -> str:
    return names[0] if len(names) == 1 else f"{names[0]} and {len(names) - 1} more"
