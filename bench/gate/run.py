"""A gate run from two refs to a verdict; whatever stops it, what is known by then is in the verdict."""

import math
import secrets
import time
import traceback
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Literal

from bench.gate import environments, instructions, memory, overlay, refs
from bench.gate.environments import Builder
from bench.gate.git import GitError, Repository
from bench.gate.judge import Judgement, judge
from bench.gate.procedure.decide import Course, StageName, follow
from bench.gate.procedure.rules import Margin, is_share
from bench.gate.procedure.sizes import SPLIT
from bench.gate.proofs import PLUGIN, Prover, Watch, check
from bench.gate.refs import Ref
from bench.gate.sets import Sets
from bench.gate.source import BASE, HEAD, LockstepSource
from bench.gate.trouble import FAULT, Trouble
from bench.gate.verdict import Instructions, Memory, Outcome, Rules, Side, Sizes, Status, Verdict
from bench.gate.worktrees import Worktrees
from bench.instrument import host, units
from bench.instrument.command_line import words
from bench.lockstep import interruption
from bench.lockstep.arms import Arm, ArmError
from bench.lockstep.controller import Lockstep
from bench.lockstep.progress import Progress

_DOING: dict[StageName, str] = {
    "pilot": "measuring the pilot",
    "screen": "screening all benchmarks",
    "confirm": "confirming the flagged",
}
_LOOKING = ("--collect-only", "-q")


@dataclass(frozen=True, slots=True)
class Request:
    """What was asked for; `benchmarks` says whose benchmark files measure."""

    repository: Path
    against: str | None
    head: str
    install: str
    benchmarks: Literal["head", "own"]
    selection: tuple[str, ...]
    budget_s: float
    timeout_s: float
    rules: Rules
    memory_limit: float


@dataclass(slots=True)
class Run:
    """What is known so far, and what is being done."""

    request: Request
    progress: Progress
    doing: str = "starting"
    base: Side | None = None
    head: Side | None = None
    course: Course = field(default_factory=Course)
    source: LockstepSource | None = None
    sets: Sets | None = None
    memory: tuple[Memory, ...] = ()
    instructions: tuple[Instructions, ...] = ()
    memory_note: str = ""
    instructions_note: str = ""
    notes: list[str] = field(default_factory=list)
    sizes: dict[StageName, Sizes] = field(default_factory=dict)
    promised: float | None = None
    _started: datetime = field(default_factory=lambda: datetime.now(UTC))
    _begun_s: float = field(default_factory=time.monotonic)

    def verdict(self) -> Verdict:
        """Run all of it; raises Trouble for an error of the user's alone.

        Signals are heeded while it runs. Those that come later are for the caller to hold back.
        """
        try:
            with interruption.heeded():
                self._run()
                self._do("weighing what was found")
                return self._judged()
        except KeyboardInterrupt:
            return self._stopped(f"interrupted while {self.doing}", Status.INTERRUPTED)
        except Trouble as trouble:
            if trouble.status is Status.USAGE:
                raise
            told = trouble.line if trouble.status is Status.CHANGED else f"could not run: {trouble.line}"
            return self._stopped(told, trouble.status)
        except (ArmError, GitError) as error:
            return self._stopped(f"could not run: while {self.doing}: {error}", Status.COULD_NOT_RUN)
        except OSError as error:
            return self._stopped(f"could not run: while {self.doing}: {words(error)}", Status.COULD_NOT_RUN)
        except Exception as error:  # noqa: BLE001 - what is known by then is not lost
            traceback.print_exc()
            what = f"{FAULT}: while {self.doing}: {type(error).__name__}: {error}"
            return self._stopped(f"could not run: {' '.join(what.split())}", Status.COULD_NOT_RUN)
        finally:
            self.progress.close()

    def _run(self) -> None:
        request = self.request
        self._do("finding the two sides")
        repository = Repository.holding(request.repository)
        head = refs.head(repository, request.head)
        base = refs.base(repository, request.against, head)
        with Worktrees(repository) as worktrees:
            self._do(f"checking out base ({base.given}, {base.commit[:10]}) and head ({head.given})")
            trees = {HEAD: worktrees.add(HEAD, head), BASE: worktrees.add(BASE, base)}
            builder = Builder(worktrees.folder, request.install)
            provers = {}
            for name, tree in trees.items():  # head first: its dependencies are those that both get
                self._do(f"building {name}: {request.install}")
                environment = builder.build(name, tree)
                provers[name] = Prover(name, tree, environment, worktrees.folder / f"{name}-p")
            self._measure(provers, {HEAD: head, BASE: base}, builder)

    def _measure(self, provers: dict[str, Prover], which: dict[str, Ref], builder: Builder) -> None:
        request = self.request
        base, head = provers[BASE], provers[HEAD]
        selected = overlay.paths(request.selection, head.tree)
        for prover in provers.values():
            prover.find_built(selected)
        self.base, self.head = (
            Side(ref.given, ref.commit, ref.is_dirty, tuple(sorted({one.what for one in prover.packages.values()})))
            for prover, ref in ((base, which[BASE]), (head, which[HEAD]))
        )
        self.notes += builder.notes
        if unlike := environments.differences(base.environment, head.environment):
            self.notes.append(f"dependencies differ, base / head: {', '.join(unlike)}")
        self._do("collecting the benchmarks")
        named = overlay.places(request.selection, head.tree)
        arguments = [*request.selection, *([] if named else selected)]
        absent = {place for place, path in named.items() if not (base.tree / path).exists()}
        own_arguments = [argument for place, argument in enumerate(arguments) if place not in absent]
        is_there = any((base.tree / path).exists() for path in selected)
        own_set = _own_set(base, own_arguments) if is_there else frozenset()
        laid = None
        if request.benchmarks == "head":
            laid = overlay.lay(selected, head.tree, base.tree, base.tree.with_name(f"{BASE}-own"))
        looking = [*arguments, *_LOOKING]
        self.sets = Sets(own_set, base.run(looking), head.run(looking))
        self.sets.compare()
        deltas = _checked(self.sets.head.deltas)

        ends_s = time.monotonic() + request.budget_s
        arms = [
            Arm(name, prover.environment.python, prover.tree, prover.variables())
            for name, prover in ((BASE, base), (HEAD, head))
        ]
        with Lockstep(
            arms,
            base=BASE,
            arguments=[*PLUGIN, *arguments],
            seed=secrets.randbelow(2**32) + 1,
            timeout_s=request.timeout_s,
            watcher=self.progress,
            split=SPLIT,
        ) as lockstep:
            if lockstep.cores.reason:
                self.notes.append(f"not pinned to cores: {lockstep.cores.reason}; expect wide intervals")
            watch = Watch(list(provers.values()))

            def beside_time(measured: Sequence[str]) -> None:
                """Look at what is no time, of benchmarks that neither crash nor hang, before the budget is planned."""
                self._beside_time(base, head, arguments, measured)
                self._do("planning the stages")

            self.source = LockstepSource(lockstep, ends_s, len(self.sets.common()), watch, self._begin, beside_time)
            follow(self.source, lambda name: Margin(deltas.get(name, request.rules.delta)), self._told, self.course)
            self.sets.refused(self.source.refusals())
            self.sets.account(self.course.decided, self.course.failed)
        if laid is not None and (silent := self.sets.silent()):
            self._do("asking base's own files for what head's skip")
            laid.lift()
            self.sets.own_ran(base.run(own_arguments, only=silent))

    def _beside_time(self, base: Prover, head: Prover, arguments: Sequence[str], only: Sequence[str]) -> None:
        self._do("reading peak memory")
        self.memory_note = memory.unavailable()
        if not self.memory_note:
            try:
                pairs = memory.measure(base, head, arguments, only, self.progress.say)
            except Trouble as trouble:  # a benchmark may crash now and then: what is measured in turn tells which
                self.memory_note = f"peak memory was not read: {trouble.line}"
            else:
                for pair in pairs:
                    for side, proof in zip((base, head), pair, strict=True):
                        check(side.name, proof, side.packages)
                self.memory = memory.compare(pairs, self.request.memory_limit)
                if not self.memory:
                    self.memory_note = "peak memory was not read: no benchmark passed in each of its processes"
        self._do("counting instructions")
        self.instructions_note = instructions.unavailable()
        if not self.instructions_note:
            try:
                self.instructions = instructions.measure(base, head, arguments, only)
            except Trouble as trouble:  # as above
                self.instructions_note = f"instructions were not counted: {trouble.line}"

    def _do(self, doing: str) -> None:
        self.progress.close()
        self.doing = doing
        self.progress.say(doing)

    def _begin(self, stage: StageName, sizes: Sizes) -> None:
        self.progress.close()
        self.doing = _DOING[stage]
        self.progress.title = f"{stage}:"
        self.sizes[stage] = sizes

    def _told(self, course: Course) -> None:
        """Say each size before it is measured, and at first how small a slowdown will be found."""
        self.progress.close()
        if course.confirming:
            flagged = course.flagged
            self.progress.say(
                f"{len(flagged)} flagged; fixed from here on: {course.confirming} fresh generations of them"
            )
        elif course.plan is not None:
            plan = course.plan
            self.promised = math.exp(plan.promised)
            if self.source is not None and plan.expected_s > self.source.left_s():
                short = (
                    f"a budget of {units.seconds(self.request.budget_s)} is too short for {len(course.margins)} "
                    f"benchmarks: the least that can decide takes about {units.seconds(plan.expected_s)} more"
                )
                self.notes.append(short)
                self.progress.say(short)
            self.progress.say(
                f"fixed from here on: {plan.screen} generations of {len(course.margins)} benchmarks, about "
                f"{units.seconds(plan.expected_s)} with the confirmation; a slowdown of {units.times(self.promised)} "
                f"is found with {100 * self.request.rules.power:.0f}% power in all but the noisiest twentieth"
            )

    def _judged(self) -> Verdict:
        if self.sets is None:
            raise AssertionError("a run that ends has compared the sets")
        judgement = self._judgement(self.sets)
        return replace(
            self._stopped(judgement.line, judgement.status),
            outcome=judgement.outcome,
            why=(*judgement.why, *self.notes, *self.sets.notes()),
        )

    def _judgement(self, sets: Sets) -> Judgement:
        return judge(self.course, sets.changes(), self.memory, self.request.rules)

    def _stopped(self, line: str, status: Status) -> Verdict:
        """Return a verdict that says why there is none, with what is known."""
        outcome: Outcome = "changed" if status is Status.CHANGED else "could not run"
        known: Judgement | None = None
        if self.sets is not None:
            with suppress(Exception):  # the fault that has stopped it
                known = self._judgement(self.sets)
        return Verdict(
            outcome=outcome,
            status=status,
            line=line,
            why=tuple(self.notes),
            base=self.base,
            head=self.head,
            rules=self.request.rules,
            budget_s=self.request.budget_s,
            wall_s=time.monotonic() - self._begun_s,
            started=self._started.isoformat(),
            machine=_machine(),
            promised=self.promised,
            pilot=self.sizes.get("pilot"),
            screen=self.sizes.get("screen"),
            confirm=self.sizes.get("confirm"),
            suite=known.suite if known is not None else None,
            benchmarks=known.benchmarks if known is not None else (),
            memory=self.memory,
            memory_note=self.memory_note,
            instructions=self.instructions,
            instructions_note=self.instructions_note,
        )


def _own_set(base: Prover, arguments: Sequence[str]) -> frozenset[str]:
    """Return base's benchmarks by its own files; raises Trouble for what is not collected."""
    proof = base.run([*arguments, *_LOOKING])
    if proof.uncollected and not proof.benchmarks:
        node, reason = next(iter(proof.uncollected.items()))
        raise Trouble(f"base's own benchmarks cannot be collected: {node}: {reason}")
    return frozenset(proof.benchmarks)


def _checked(deltas: Mapping[str, float]) -> Mapping[str, float]:
    """Return what markers allow; raises Trouble for what `--delta` refuses too."""
    for name, delta in deltas.items():
        if not is_share(delta):
            raise Trouble(f"{name}: @pytest.mark.gate(delta={delta:g}) is no share: give 0.02 for 2%")
    return deltas


def _machine() -> str:
    found = host.host(None)
    return f"{found['cpu_model'] or found['architecture']}, {found['usable_cores']} cores"
