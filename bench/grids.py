"""What the suites share in choosing their cases: numbers of workers, and the kinds that stand for others."""

import pytest

from bench.instrument.extent import choose
from flagkit.executors import EXECUTORS

PEERS = ("loky", "joblib", "mpire", "dask")
"""Kinds that come from other packages; some take seconds to start, so that their curves would take all the time."""


def worker_counts(most: int) -> list[int]:
    """Return 1, 2, 4, ... up to and including `most`, which is there even when it is no power of two."""
    powers = [1 << n for n in range(most.bit_length()) if 1 << n < most]
    return [*powers, most]


def process_kind() -> str:
    """Return the kind of process that stands for all: by forkserver, the default of 3.14 on Linux, else by spawn.

    Once a pool is warm, how its processes began makes no difference: the transport is the same. The same kind on every
    Python makes the figures of several comparable.
    """
    return "process-forkserver" if EXECUTORS["process-forkserver"].unavailable() is None else "process-spawn"


def distinct_kinds(config: pytest.Config) -> list[str]:
    """Return the kinds of pool that differ once they are warm: all but the processes that `process_kind` stands for.

    Without the peers, which have a place in each suite (see `pool_kinds`): their curves are there in full only.
    """
    kept = process_kind()
    return [
        kind for kind in pool_kinds(config) if kind not in PEERS and (kind == kept or not kind.startswith("process-"))
    ]


def pool_kinds(config: pytest.Config) -> list[str]:
    """Return all kinds of pool: all but serial, and without the peers where the study is to be quick."""
    every = [kind for kind, spec in EXECUTORS.items() if spec.family != "serial"]
    return choose(config, quick=[kind for kind in every if kind not in PEERS], default=every, thorough=every)
