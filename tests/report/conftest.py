"""Run files to report on: made up, but of the form and the magnitudes that real ones have."""

import json
import random
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

SIZES_BYTES = (64, 1 << 10, 16 << 10, 256 << 10, 1 << 20, 16 << 20)
KINDS = ("thread", "process-fork", "process-forkserver", "process-spawn")
LATENCY_S = {"thread": 25e-6, "process-fork": 90e-6, "process-forkserver": 95e-6, "process-spawn": 95e-6,
             "interpreter": 120e-6}  # fmt: skip
START_S = {"thread": 1e-4, "process-fork": 9e-3, "process-forkserver": 0.06, "process-spawn": 0.14, "interpreter": 0.04}


class Maker:
    """Makes the JSON of one run; the same arguments make the same file."""

    def __init__(self, *, free_threaded: bool, rounds: int, kinds: tuple[str, ...]) -> None:
        self.free_threaded, self.rounds, self.kinds = free_threaded, rounds, kinds
        self.random = random.Random(7)

    def benchmark(
        self, name: str, taken_s: float, extra_info: dict[str, Any], reference: tuple[str, float] | None = None
    ) -> dict[str, Any]:
        """Make one benchmark whose rounds scatter a little around a time, as its reference's do."""
        drift = [self.random.lognormvariate(0, 0.03) for _ in range(self.rounds)]
        data = [taken_s * common * self.random.lognormvariate(0, 0.01) for common in drift]
        extra_info = dict(extra_info)
        if reference:
            times = [reference[1] * common * self.random.lognormvariate(0, 0.01) for common in drift]
            extra_info["reference"] = {"name": reference[0], "data": times}
        ordered = sorted(data)
        summary = {"min": ordered[0], "max": ordered[-1], "mean": sum(data) / len(data), "stddev": 0.0}
        return {
            "group": extra_info.get("suite"),
            "name": name.rpartition("::")[2],
            "fullname": name,
            "params": {},
            "param": None,
            "extra_info": extra_info,
            "options": {},
            "stats": summary | {"median": ordered[len(data) // 2], "rounds": len(data), "iterations": 1, "data": data},
        }

    def gil(self) -> Iterator[dict[str, Any]]:
        """Make the CPU workloads: serial takes 0.4 s."""
        for workload, releases in (("gcd-seed", False), ("gcd-short", False), ("sha256", True), ("json", False)):
            for kind in ("serial", *self.kinds):
                for workers in (1,) if kind == "serial" else (1, 2, 4):
                    alone = kind == "serial" or (kind == "thread" and not releases and not self.free_threaded)
                    speed_up = 0.98 if alone else min(workers, 2) * 0.93
                    yield self.benchmark(
                        f"bench/bench_gil.py::test_gil[{workload}-{kind}-{workers}]",
                        0.4 / speed_up,
                        {"suite": "gil", "workload": workload, "kind": kind, "workers": workers, "tasks": 4,
                         "temperature": "warm"},
                        None if kind == "serial" else ("serial", 0.4),
                    )  # fmt: skip

    def serialization(self) -> Iterator[dict[str, Any]]:
        """Make round trips of two payloads, memcpy beside them, and dumps."""
        for size_bytes in SIZES_BYTES:
            copy_s = 40e-9 + size_bytes / 10e9
            common = {"suite": "serialization", "size_bytes": size_bytes, "pickled_bytes": size_bytes + 40}
            yield self.benchmark(
                f"bench/bench_serialization.py::test_memcpy[{size_bytes}]", copy_s, common | {"measurement": "memcpy"}
            )
            for payload, cost in (("bytes", 1.0), ("dict", 30.0)):
                named = common | {"payload": payload, "protocol": 5}
                yield self.benchmark(
                    f"bench/bench_serialization.py::test_pickle[dumps-{payload}-{size_bytes}-5]",
                    copy_s * cost,
                    named | {"measurement": "dumps", "out_of_band": False},
                )
                for kind in self.kinds:
                    moved = 0.0 if kind == "thread" else size_bytes * (cost + 8) / 6e9
                    yield self.benchmark(
                        f"bench/bench_serialization.py::test_round_trip[{payload}-{size_bytes}-{kind}]",
                        LATENCY_S[kind] + moved,
                        named | {"measurement": "round trip", "kind": kind, "workers": 1, "temperature": "warm"},
                        ("memcpy", copy_s),
                    )

    def download(self) -> Iterator[dict[str, Any]]:
        """Make downloads of 20 flags from two servers."""
        for server, latency_s in (("LOCAL", 0.002), ("DELAY", 0.05)):
            serial_s = 20 * latency_s
            for workers in (2, 5, 10, 30):
                yield self.benchmark(
                    f"bench/bench_download.py::test_download[{server}-thread-{workers}]",
                    serial_s / min(workers, 20) + 0.01,
                    {"suite": "download", "server": server, "kind": "thread", "workers": workers, "flags": 20,
                     "downloaded": 20, "not_found": 0, "errors": 0},
                    ("serial", serial_s),
                )  # fmt: skip

    def startup(self) -> Iterator[dict[str, Any]]:
        """Make cold starts of pools of one and two workers."""
        for kind in self.kinds:
            for workers in (1, 2):
                yield self.benchmark(
                    f"bench/bench_startup.py::test_first_results[{kind}-{workers}]",
                    START_S[kind] * (1 + 0.4 * workers),
                    {"suite": "startup", "kind": kind, "workers": workers, "temperature": "cold"},
                )

    def studies(self) -> Iterator[dict[str, Any]]:
        """Make one benchmark or curve for each further question, as the suites write them."""
        process = {"kind": "process-forkserver", "workers": 2}
        for task_s in (1e-5, 1e-4, 1e-3, 1e-2):  # with 200 us of overhead a task, two workers break even at 400 us
            yield self.benchmark(
                f"bench/bench_dispatch.py::test_task_length[{task_s}]",
                50 * (task_s / 2 + 2e-4),
                process | {"suite": "dispatch", "measurement": "task length", "tasks": 50},
                ("serial", 50 * task_s),
            )
        for kind in ("thread", "process-forkserver"):
            yield self.benchmark(
                f"bench/bench_dispatch.py::test_round_trip[{kind}]",
                LATENCY_S[kind],
                {"suite": "dispatch", "measurement": "no-op", "kind": kind, "workers": 1},
                ("thread", LATENCY_S["thread"]),
            )
            yield self.benchmark(
                f"bench/bench_dispatch.py::test_throughput[{kind}-2-64]",
                256 * LATENCY_S[kind] / 8,
                {"suite": "dispatch", "measurement": "throughput", "kind": kind, "workers": 2, "chunk": 64,
                 "tasks": 256},
                ("thread", 256 * LATENCY_S["thread"]),
            )  # fmt: skip
        yield self.benchmark(
            "bench/bench_serialization.py::test_against[1048576-shared]",
            0.0005,
            {"suite": "serialization", "measurement": "against", "payload": "array", "size_bytes": 1 << 20,
             "kind": "shared", "workers": 1},
            ("process-forkserver", 0.004),
        )  # fmt: skip
        traced = self.benchmark(
            "bench/bench_pipeline.py::test_later_task[1048576-process-forkserver]",
            0.004,
            process | {"suite": "pipeline", "measurement": "later task", "payload": "bytes", "size_bytes": 1 << 20},
        )
        names = ["queue", "pickle", "send", "unpickle", "import", "run", "pickle result", "send back",
                 "unpickle result", "merge", "instrument", "residual"]  # fmt: skip
        row = [2, 10, 30, 5, 0, 3, 10, 30, 5, 3, 0, 2]
        traced["extra_info"]["breakdown"] = {"names": names, "data_ns": [[part * 1000 for part in row]] * 9}
        yield traced
        for hogs, taken_s in ((1, 0.005), (2, 0.01)):
            yield self.benchmark(
                f"bench/bench_latency.py::test_echo_beside_hogs[{hogs}-0.005]",
                taken_s,
                {"suite": "latency", "hogs": hogs, "switch_interval_s": 0.005},
                ("no hogs", 2e-5),
            )
        yield self.benchmark(
            "bench/bench_download.py::test_client_limit[DELAY-100]",
            0.1,
            {"suite": "download", "measurement": "client limit", "server": "DELAY", "kind": "thread", "workers": 100,
             "flags": 100, "client_cpu_s": 0.05},
        )  # fmt: skip
        yield self.benchmark(
            "bench/bench_startup.py::test_heavy_import[process-forkserver]",
            0.2,
            process | {"suite": "startup", "measurement": "import", "imports": "numpy", "preload": False},
            ("no import", 0.05),
        )
        yield self.benchmark(
            "bench/bench_gil.py::test_together[sha256-2]",
            0.0103,
            {"suite": "gil", "workload": "sha256", "workers": 2, "tasks": 8, "scaling": "worker"},
            ("one thread", 0.01),
        )
        yield self.benchmark(
            "bench/bench_gil.py::test_contention[dict-2]",
            0.002,
            {"suite": "gil", "contended": "dict", "workers": 2, "scaling": "worker"},
            ("independent objects", 0.001),
        )
        yield self.benchmark(
            "bench/bench_sharing.py::test_share[queue-64]",
            0.00015,
            {"suite": "sharing", "medium": "queue", "operations": 1, "size_bytes": 64},
            ("threads", 0.00005),
        )


def instrument(version: str, *, free_threaded: bool, quick: bool) -> dict[str, Any]:
    """Make what the instrument adds under `machine_info`."""
    major, minor, _ = version.split(".")
    return {
        "schema": 1,
        "tag": f"cp{major}{minor}{'t' if free_threaded else ''}-linux-x86_64",
        "quick": quick,
        "interrupted": False,
        "arguments": ["--quick"] if quick else [],
        "started": f"2026-01-{int(minor):02}T12:00:00+00:00",
        "finished": f"2026-01-{int(minor):02}T12:04:10+00:00",
        "python": {
            "implementation": "CPython", "version": version, "abi_flags": "t" if free_threaded else "",
            "compiler": "GCC 12.2.0", "config_args": "--enable-optimizations", "cflags": "-O3", "opt": "-DNDEBUG -O3",
            "pgo": True, "lto": True, "debug": False, "shared_library": False, "gil_disabled_build": free_threaded,
            "jit": "off", "switch_interval_s": 0.005, "default_start_method": "forkserver",
        },
        "gil_enabled": dict.fromkeys(("before_imports", "after_imports", "at_end"), not free_threaded),
        "host": {
            "cpu_model": "Example 9000 with two cores", "architecture": "x86_64", "system": "Linux", "release": "6.1",
            "logical_cores": 2, "usable_cores": 2, "cgroup_cpu_limit": None, "governor": "performance",
            "memory_bytes": 8 << 30,
        },
        "load": {"start": [0.1, 0.2, 0.3], "end": [1.4, 0.9, 0.5]},
        "packages": {"numpy": "2.5.5", "pytest": "9.2.0", "pytest-benchmark": "5.3.1"},
        "pickle_default_protocol": 5,
        "unavailable": [
            {"benchmark": f"bench/bench_gil.py::test_gil[{name}-interpreter-2]", "reason": "needs Python 3.14 or later"}
            for name in ("gcd-seed", "gcd-short", "sha256", "json")
        ],
    }  # fmt: skip


def run_file(
    version: str = "3.14.7",
    *,
    free_threaded: bool = False,
    quick: bool = False,
    rounds: int = 10,
    kinds: tuple[str, ...] = KINDS,
    studies: bool = False,
) -> dict[str, Any]:
    """Make the JSON of a whole run; with `studies`, of the further questions as well."""
    maker = Maker(free_threaded=free_threaded, rounds=rounds, kinds=kinds)
    finished = instrument(version, free_threaded=free_threaded, quick=quick)
    return {
        "machine_info": {
            "node": "", "processor": "", "machine": "x86_64", "system": "Linux", "release": "6.1",
            "python_version": version, "python_implementation": "CPython", "instrument": finished,
        },
        "commit_info": {"id": "5a3e1f0c" * 5, "time": "2026-01-01T00:00:00+00:00", "dirty": False, "branch": "main",
                        "project": "flagkit"},
        "benchmarks": [*maker.gil(), *maker.serialization(), *maker.download(), *maker.startup(),
                       *(maker.studies() if studies else ())],
        "datetime": finished["finished"],
        "version": "5.3.1",
    }  # fmt: skip


def plain(content: dict[str, Any]) -> dict[str, Any]:
    """Return a run file as another project's pytest-benchmark would have written it: without our additions."""
    copy: dict[str, Any] = json.loads(json.dumps(content))
    del copy["machine_info"]["instrument"]
    for benchmark in copy["benchmarks"]:
        benchmark["extra_info"] = {}
    return copy


@pytest.fixture
def write_run(tmp_path: Path) -> Callable[..., Path]:
    """Write JSON as a file of that name, and return its path."""

    def write(content: dict[str, Any] | None = None, name: str = "run.json") -> Path:
        path = tmp_path / name
        path.write_text(json.dumps(run_file() if content is None else content), encoding="utf-8")
        return path

    return write


@pytest.fixture(scope="session")
def make_run() -> Callable[..., dict[str, Any]]:
    """Make the JSON of a run; see run_file."""
    return run_file


@pytest.fixture
def plain_run() -> dict[str, Any]:
    """Make the JSON of a run of another project."""
    return plain(run_file())


HOSTILE = "</script><img src=x onerror=alert(1)>"


@pytest.fixture(scope="session")
def make_hostile_run() -> Callable[[], dict[str, Any]]:
    """Make the JSON of a run with hostile names."""
    return hostile_file


@pytest.fixture
def hostile_run() -> dict[str, Any]:
    """Return a run with hostile names."""
    return hostile_file()


def hostile_file() -> dict[str, Any]:
    """Make a run in which every name tries to be more than text: markup, a spreadsheet's formula, a terminal's code."""
    content = run_file(studies=True)
    for benchmark in content["benchmarks"]:
        parameters = benchmark["extra_info"]
        benchmark["name"] += HOSTILE
        benchmark["fullname"] += HOSTILE
        parameters |= {HOSTILE: HOSTILE, "formula": "=HYPERLINK(1)", "terminal": "\x1b[2J"}
        for name in ("workload", "payload", "server", "medium", "contended", "imports"):
            if name in parameters:
                parameters[name] += HOSTILE
    instrument = content["machine_info"]["instrument"]
    instrument["python"]["version"] += HOSTILE + "\x1b[2J"
    instrument["host"]["cpu_model"] = HOSTILE
    instrument["unavailable"] = [{"benchmark": HOSTILE, "reason": HOSTILE}]
    traced = next(item for item in content["benchmarks"] if "breakdown" in item["extra_info"])
    traced["extra_info"]["breakdown"]["names"][1] += HOSTILE
    content["benchmarks"].append(content["benchmarks"][1] | {"fullname": "evil kind"})
    content["benchmarks"][-1]["extra_info"] = content["benchmarks"][1]["extra_info"] | {"kind": HOSTILE}
    return content


ARMS = ("cp314", "cp314t", "cp315")


def lockstep_file(names: tuple[str, ...] = ARMS, suffix: str = "") -> dict[str, Any]:
    """Make the JSON of a comparison: the t build 1.1x slower than the base, the next version 1.2x faster."""
    ratios = dict(zip(names[1:], (1.1, 1 / 1.2), strict=True))
    return {
        "lockstep": 1,
        "base": names[0],
        "arms": [{"name": name, "file": f"{name}.json", "python": "3.14.7"} for name in names],
        "benchmarks": [
            {
                "fullname": f"bench/bench_{suite}.py::test_{suite}[{case}]{suffix}",
                "cores": [1],
                "iterations": 10,
                "ratios": {
                    arm: {"ratio": ratio, "low": ratio / 1.02, "high": ratio * 1.02, "confidence": 0.95,
                          "generations": 8, "rounds": 240, "estimator": "trimmed mean", "no_interval": None}
                    for arm, ratio in ratios.items()
                },
            }
            for suite, case in (("gil", "gcd-seed"), ("gil", "json"), ("serialization", "dumps-bytes"))
        ],
        "refused": [{"arm": names[2], "benchmark": "bench_gil.py::test_x", "why": "failed", "reason": "no numpy"}],
        "interrupted": False,
    }  # fmt: skip


def gate_file(**changes: Any) -> dict[str, Any]:
    """Make the JSON of a gate's result: a regression."""
    return {
        "format": "flagkit-gate", "schema": 1, "outcome": "regression", "status": 1,
        "line": "test_b[json] is 1.07x slower", "why": ["its lower bound is above 1.01x"],
        "base": {"ref": "main", "commit": "abc", "dirty": False, "packages": []},
        "head": {"ref": "working tree", "commit": "abc", "dirty": True, "packages": []},
        "suite": {"name": "the suite", "decision": "no change", "why": "", "ratio": 1.01, "low": 1.0, "high": 1.02},
        "benchmarks": [
            {"name": "test_a", "ratio": 1.001, "low": 0.998, "high": 1.004, "decision": "no change", "why": ""},
            {"name": "test_b[json]", "ratio": 1.07, "low": 1.04, "high": 1.1, "decision": "slower"},
            {"name": "test_c", "ratio": None, "decision": "removed", "why": "head does not have it"},
        ],
    } | changes  # fmt: skip


@pytest.fixture(scope="session")
def make_lockstep() -> Callable[..., dict[str, Any]]:
    """Make the JSON of a comparison; see lockstep_file."""
    return lockstep_file


@pytest.fixture(scope="session")
def make_gate() -> Callable[..., dict[str, Any]]:
    """Make the JSON of a gate's result; see gate_file."""
    return gate_file
