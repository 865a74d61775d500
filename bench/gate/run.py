"""A gate run from two refs to a verdict; whatever stops it, what is known by then is in the verdict."""

import secrets
import signal
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Literal

from bench.gate import environments, instructions, memory, overlay, proofs, refs
from bench.gate.environments import Builder
from bench.gate.git import GitError, Repository
from bench.gate.judge import judge
from bench.gate.marks import Deltas
from bench.gate.procedure.decide import Course, StageName, follow
from bench.gate.proofs import PLUGIN, Prover
from bench.gate.refs import Ref
from bench.gate.sets import Sets
from bench.gate.source import BASE, HEAD, LockstepSource
from bench.gate.trouble import Trouble
from bench.gate.verdict import Instructions, Memory, Rules, Side, Sizes, Status, Verdict
from bench.gate.worktrees import Worktrees
from bench.instrument import host, units
from bench.lockstep.arms import Arm, ArmError
from bench.lockstep.controller import Lockstep
from bench.lockstep.progress import Progress

ROUNDS = 10
"""Rounds of a benchmark, arm and generation: with more of them a generation's log ratio would hardly be surer, as what
differs from process to process stays; the time is better spent on processes."""


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
    notes: list[str] = field(default_factory=list)
    _started: datetime = field(default_factory=lambda: datetime.now(UTC))
    _begun_s: float = field(default_factory=time.monotonic)

    def verdict(self) -> Verdict:
        """Run all of it; raises Trouble for an error of the user's alone."""
        try:
            with _terminated_as_interrupted():
                self._run()
        except KeyboardInterrupt:
            return self._stopped(f"interrupted while {self.doing}", Status.INTERRUPTED)
        except Trouble as trouble:
            if trouble.status is Status.USAGE:
                raise
            return self._stopped(trouble.line, trouble.status)
        except (ArmError, GitError) as error:
            return self._stopped(f"while {self.doing}: {error}", Status.COULD_NOT_RUN)
        except OSError as error:
            place = f": {error.filename}" if error.filename else ""
            return self._stopped(f"while {self.doing}: {error.strerror or error}{place}", Status.COULD_NOT_RUN)
        finally:
            self.progress.close()
        return self._judged()

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
        own = {name: prover.built() for name, prover in provers.items()}
        self.base, self.head = (
            Side(ref.given, ref.commit, ref.is_dirty, tuple(sorted({package.what for package in own[name].values()})))
            for name, ref in ((BASE, which[BASE]), (HEAD, which[HEAD]))
        )
        self.notes += builder.notes
        if unlike := environments.differences(base.environment, head.environment):
            self.notes.append(f"dependencies differ, base / head: {', '.join(unlike)}")
        self._do("collecting the benchmarks")
        selected = overlay.paths(request.selection, head.tree)
        named = any(argument.partition("::")[0] in selected for argument in request.selection)
        arguments = [*request.selection, *([] if named else selected)]
        looking = [*arguments, "--collect-only", "-q"]
        own_set = _own_set(base, looking, selected)
        if request.benchmarks == "head":
            overlay.lay(selected, head.tree, base.tree)
        laid_over = {path.partition("/")[0] for path in selected}
        own = {name: {key: value for key, value in one.items() if key not in laid_over} for name, one in own.items()}
        self.sets = Sets(own_set, base.run(looking), head.run(looking))
        self.sets.compare()

        ends_s = time.monotonic() + request.budget_s
        self._beside_time(base, head, arguments)
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
        ) as lockstep:
            if lockstep.cores.reason:
                self.notes.append(f"not pinned to cores: {lockstep.cores.reason}; expect wide intervals")

            def check() -> None:
                for name, prover in provers.items():
                    proofs.check(name, prover.taken(), own[name])

            self.source = LockstepSource(lockstep, ROUNDS, ends_s, check, self._begin)
            deltas = Deltas(request.rules.delta, head.marked)
            follow(self.source, deltas.margin, self._told, self.course)
        self.sets.refused(self.source.refusals())

    def _beside_time(self, base: Prover, head: Prover, arguments: Sequence[str]) -> None:
        self._do("reading peak memory")
        if not (reason := memory.unavailable()):
            pairs = memory.measure(base, head, arguments, self.progress.say)
            self.memory = memory.compare(pairs, self.request.memory_limit)
        self._memory_note = reason
        self._do("counting instructions")
        if not (reason := instructions.unavailable()):
            self.instructions = instructions.measure(base, head, arguments)
        self._instructions_note = reason

    _memory_note: str = ""
    _instructions_note: str = ""
