"""Can these runs be trusted, and compared? Facts of machine and build side by side, cautions, and what is missing."""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from functools import partial

from bench.instrument import stability, units
from bench.instrument.records import Commit, Environment, Run
from bench.report.wording import NONE

_EACH_ITS_OWN = frozenset({"Load, start to end", "Started", "Took"})
_FIRST = frozenset({"GIL", "Profile-guided optimisation", "Processor", "Usable cores", "Load, start to end", "Commit"})


@dataclass(frozen=True, slots=True)
class Fact:
    """One fact, a value a run; `differs` when the runs do not agree."""

    name: str
    values: tuple[str, ...]

    @property
    def stands_out(self) -> bool:
        """Return whether to show it before the fold: it decides much, or runs differ in it."""
        return self.name in _FIRST or self.differs

    @property
    def differs(self) -> bool:
        """Return whether two runs have different values, of a fact that no two runs need differ in."""
        return self.name not in _EACH_ITS_OWN and len(set(self.values)) > 1


@dataclass(frozen=True, slots=True)
class Caution:
    """Why a run, or a comparison of runs, deserves less trust, and what to do; `advice` is empty where nothing is."""

    run: str
    seen: str
    advice: str = ""

    @property
    def text(self) -> str:
        """Return both as a sentence."""
        return f"{self.seen}: {self.advice}" if self.advice else self.seen


@dataclass(frozen=True, slots=True)
class Advice:
    """What to do, once, however many runs it is for; `seen` is what was seen, and in which runs."""

    text: str
    seen: tuple[tuple[str, str], ...]


@dataclass(frozen=True, slots=True)
class Gap:
    """Benchmarks that could not run, all for one reason."""

    run: str
    reason: str
    benchmarks: tuple[str, ...]


def facts(runs: Sequence[Run]) -> tuple[Fact, ...]:
    """Return the facts that decide whether runs can be compared; a dash where a file does not tell."""
    return tuple(Fact(name, tuple(read(run) or NONE for run in runs)) for name, read in _FACTS.items())


def cautions(runs: Iterable[Run]) -> tuple[Caution, ...]:
    """Return what to bear in mind, with advice, run by run."""
    held = tuple(runs)
    found = [caution for run in held for caution in _cautions(run)]
    found += [Caution(run.label, one.seen, one.advice) for run in held for one in stability.of_run(run)]
    return (*found, *(Caution("Between runs", one.seen, one.advice) for one in stability.of_runs(held)))


def by_advice(found: Iterable[Caution]) -> tuple[Advice, ...]:
    """Return cautions by what they advise, as that came up first; runs that saw the same are listed together.

    What is seen without advice stands alone.
    """
    advice: dict[tuple[str, str], dict[str, list[str]]] = {}
    for caution in found:
        key = (caution.advice, "" if caution.advice else caution.seen)
        advice.setdefault(key, {}).setdefault(caution.seen, []).append(caution.run)
    return tuple(
        Advice(text[:1].upper() + text[1:], tuple((", ".join(runs), what) for what, runs in seen.items()))
        for (text, _), seen in advice.items()
    )


def gaps(runs: Iterable[Run]) -> tuple[Gap, ...]:
    """Return what could not run, grouped by reason."""
    found = []
    for run in runs:
        reasons: dict[str, list[str]] = {}
        for missing in run.unavailable:
            reasons.setdefault(missing.reason, []).append(missing.benchmark)
        found += [Gap(run.label, reason, tuple(names)) for reason, names in reasons.items()]
    return tuple(found)


def _cautions(run: Run) -> Iterable[Caution]:
    environment, say = run.environment, partial(Caution, run.label)
    if environment is None:
        yield say("This file was not written by this instrument: what machine and build it ran on is not known.")
        return
    if environment.interrupted:
        yield say("The run was interrupted: it holds the results up to there.")
    if environment.quick:
        yield say("A quick run has small sizes and few rounds", "leave --quick out for figures to rely on.")
    if run.commit.dirty:
        yield say("The checkout had changes that were not committed: the commit alone does not reproduce it.")
    if environment.python.debug:
        yield say("A debug build is several times slower than the Python that people use.")
    if environment.python.pgo is False:
        yield say("Python was built without profile-guided optimisation", "compare it with its like: most are faster.")
    limit = environment.host.cgroup_cpu_limit
    if limit is not None and limit < environment.host.usable_cores:
        yield say(f"A limit of {units.number(limit)} cores' worth of time is below the cores that can be seen.")


def _told(read: Callable[[Environment], str | None]) -> Callable[[Run], str | None]:
    return lambda run: read(run.environment) if run.environment else None


def _yes(value: bool | None) -> str | None:  # noqa: FBT001 - a fact to write, no switch
    return None if value is None else "yes" if value else "no"


def _gil(environment: Environment) -> str:
    states = environment.gil_enabled
    moments = (states.before_imports, states.after_imports, states.at_end)
    if len(set(moments)) == 1:
        return "on" if moments[0] else "off"
    names = ("before imports", "after imports", "at the end")
    return ", ".join(f"{'on' if on else 'off'} {name}" for on, name in zip(moments, names, strict=True))


def _load(environment: Environment) -> str | None:
    ends = (environment.load.start, environment.load.end)
    told = [f"{end[0]:.2f}" for end in ends if end]
    return " to ".join(told) or None


def _commit(commit: Commit) -> str | None:
    if not commit.id:
        return None
    return commit.id[:12] + (" with changes" if commit.dirty else "")


_FACTS: dict[str, Callable[[Run], str | None]] = {
    "Free-threaded build": _told(lambda env: _yes(env.python.gil_disabled_build)),
    "GIL": _told(_gil),
    "JIT": _told(lambda env: env.python.jit),
    "Profile-guided optimisation": _told(lambda env: _yes(env.python.pgo)),
    "Link-time optimisation": _told(lambda env: _yes(env.python.lto)),
    "Debug build": _told(lambda env: _yes(env.python.debug)),
    "Compiler": _told(lambda env: env.python.compiler),
    "Optimisation flags": _told(lambda env: env.python.opt),
    "Switch interval": _told(lambda env: units.seconds(env.python.switch_interval_s or 0)),
    "Default start method": _told(lambda env: env.python.default_start_method),
    "Pickle's default protocol": _told(lambda env: str(env.pickle_default_protocol)),
    "numpy": _told(lambda env: env.packages.get("numpy")),
    "System": lambda run: " ".join(filter(None, (run.machine.system, run.machine.release, run.machine.machine))),
    "Processor": _told(lambda env: env.host.cpu_model),
    "Usable cores": _told(lambda env: f"{env.host.usable_cores:,} of {env.host.logical_cores:,}"),
    "CPU limit": _told(lambda env: "none" if env.host.cgroup_cpu_limit is None else str(env.host.cgroup_cpu_limit)),
    "Governor": _told(lambda env: env.host.governor),
    "Memory": _told(lambda env: units.size(env.host.memory_bytes) if env.host.memory_bytes else None),
    "Load, start to end": _told(_load),
    "Started": _told(lambda env: env.started.strftime("%Y-%m-%d %H:%M %Z")),
    "Took": _told(lambda env: units.seconds((env.finished - env.started).total_seconds())),
    "Commit": lambda run: _commit(run.commit),
    "Arguments": _told(lambda env: " ".join(env.arguments) or "none"),
}
