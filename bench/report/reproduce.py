"""How to make these results again: the commands that made them, as far as the files tell."""

import shlex
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from bench.instrument.records import Run


@dataclass(frozen=True, slots=True)
class Steps:
    """The commands for one run; `gap` says what the file does not tell."""

    python: str
    commands: tuple[str, ...]
    gap: str | None


def commands(runs: Iterable[Run]) -> tuple[Steps, ...]:
    """Return the commands run by run."""
    return tuple(_steps(run) for run in runs)


def _steps(run: Run) -> Steps:
    if run.environment is None:
        return Steps(run.label, (), "The file was not written by this instrument and does not tell its command.")
    python = run.environment.python
    major, minor, *_ = python.version.split(".")
    environment = f"bench-py{major}{minor}{'t' if python.gil_disabled_build else ''}"
    checkout = (f"git checkout {run.commit.id}",) if run.commit.id else ()
    arm = next((benchmark.arm for benchmark in run.benchmarks if benchmark.arm), None)
    gaps = [
        *(["it was measured in turn with other arms, which lockstep.json names"] if arm else []),
        *(["which commit was measured is not known"] if not run.commit.id else []),
        *(["the checkout had changes that were not committed"] if run.commit.dirty else []),
    ]
    return Steps(
        run.label,
        (
            *checkout,
            f"tox run -e {shlex.quote(environment)} --notest",
            _measuring(f".tox/{environment}", arm, run.environment.arguments),
        ),
        f"Not exactly this run: {', and '.join(gaps)}." if gaps else None,
    )


def _measuring(environment: str, arm: str | None, arguments: Sequence[str]) -> str:
    """Return the command that measures, of an arm in lockstep with a place for the others."""
    if not arm:
        return shlex.join([f"{environment}/bin/python", "-m", "pytest", *arguments])
    arms = f"--arm {shlex.quote(f'{arm}={environment}')} --arm NAME=PYTHON"
    return f"python -m bench lockstep {arms} -- {shlex.join(arguments)}".rstrip()
