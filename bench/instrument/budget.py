"""How long a benchmark may take: the instrument's defaults for pytest-benchmark's options, full and quick."""

import argparse
import os
import shlex
from typing import Any, Final

import pytest

DEFAULTS: Final[dict[str, Any]] = {"benchmark_max_time": "1.0", "benchmark_min_rounds": 7}
QUICK: Final[dict[str, Any]] = {"benchmark_max_time": "0.05", "benchmark_min_rounds": 6}
"""Six rounds are the fewest whose order statistics bound a median with 95% confidence."""


def apply_defaults(config: pytest.Config) -> None:
    """Set the time and the least rounds of a benchmark, save where the user has said something about them.

    To be called before pytest-benchmark reads its options, which it does last when pytest is configured.
    """
    chosen = _chosen_by_user(config)
    for name, value in (QUICK if config.getoption("quick") else DEFAULTS).items():
        if name not in chosen:
            setattr(config.option, name, value)


def budget_s(config: pytest.Config) -> float | None:
    """Return the seconds that count for every benchmark, whatever its marker says; None leaves that to the marker.

    A marker shares out the time of the full study; what the user asks for is stronger, and quick is quick for all.
    """
    if config.getoption("quick") or "benchmark_max_time" in _chosen_by_user(config):
        return float(config.getoption("benchmark_max_time"))
    return None


def _chosen_by_user(config: pytest.Config) -> frozenset[str]:
    """Return which of these options were given in the environment, in a configuration file or on the command line.

    The values alone do not tell: a user who asks for what happens to be pytest-benchmark's default must get it.
    """
    arguments = [
        *shlex.split(os.environ.get("PYTEST_ADDOPTS", "")),
        *config.getini("addopts"),
        *config.invocation_params.args,
    ]
    # As pytest's own parser: no abbreviations, and @file holds more arguments.
    parser = argparse.ArgumentParser(
        add_help=False,
        allow_abbrev=False,
        argument_default=argparse.SUPPRESS,
        fromfile_prefix_chars="@",
    )
    for name in DEFAULTS:
        parser.add_argument("--" + name.replace("_", "-"), dest=name)
    given, _ = parser.parse_known_args([str(argument) for argument in arguments])
    return frozenset(vars(given))
