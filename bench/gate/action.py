"""The GitHub Action's inputs, which come through the environment, as a command line of the gate; see action.yml."""

import os
import shlex
import sys
from collections.abc import Mapping
from pathlib import Path

from bench.__main__ import main
from bench.instrument.command_line import USER_ERROR

_OPTIONS = {
    "GATE_AGAINST": "--against",
    "GATE_INSTALL": "--install",
    "GATE_DELTA": "--delta",
    "GATE_BUDGET": "--budget",
}


def arguments(variables: Mapping[str, str]) -> list[str]:
    """Return the gate's arguments; an input that is empty is not given. Raises ValueError for an open quotation."""
    temporary = Path(variables["RUNNER_TEMP"])
    given = [f"{option}={value}" for name, option in _OPTIONS.items() if (value := variables.get(name, "").strip())]
    if variables.get("GATE_ALLOW_REMOVED", "").strip().lower() == "true":
        given.append("--allow-removed")
    return [
        "gate",
        f"--repo={variables['GITHUB_WORKSPACE']}",
        *given,
        f"--json={temporary / 'gate.json'}",
        f"--markdown={temporary / 'gate.md'}",
        "--",
        *shlex.split(variables.get("GATE_BENCHMARKS", "")),
    ]


def run(variables: Mapping[str, str]) -> int:
    """Run the gate; returns its exit status, of which Python's own for a fault would say "regression"."""
    try:
        given = arguments(variables)
    except ValueError as error:
        benchmarks = variables["GATE_BENCHMARKS"]
        print(f"python -m bench gate: benchmarks: {benchmarks!r}: {error}", file=sys.stderr)  # noqa: T201 - a command talks
        return USER_ERROR
    return main(given)


if __name__ == "__main__":
    sys.exit(run(os.environ))
