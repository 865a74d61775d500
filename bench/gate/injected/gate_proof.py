"""A pytest plugin of the gate's: which benchmarks there are, which code was imported, and peak memory a benchmark.

It runs in the environment under test, which has pytest and pytest-benchmark and nothing of this project. What it finds
goes to a file in the folder that GATE_PROOF names, when the session ends.
"""

import hashlib
import importlib.metadata
import importlib.util
import json
import os
import sys
from collections.abc import Generator
from pathlib import Path
from typing import Any

import pytest

_HIGH_WATER = "VmHWM:"
_NO_CODE = frozenset({"conftest", "setup", "noxfile", "tests", "test", "docs"})


class Proof:
    """Writes its file at the end of a session; `reads_memory` where each benchmark's peak is wanted."""

    def __init__(self, folder: Path, packages: "list[str]", *, reads_memory: bool) -> None:
        self._folder = folder
        self._packages = packages
        self._reads_memory = reads_memory
        self._benchmarks: list[str] = []
        self._deltas: dict[str, float] = {}
        self._uncollected: dict[str, str] = {}
        self._outcomes: dict[str, str] = {}
        self._peaks: dict[str, int] = {}

    def pytest_collectreport(self, report: pytest.CollectReport) -> None:
        """Note what cannot be imported."""
        if report.failed:
            lines = [line for line in report.longreprtext.splitlines() if line.strip()]
            self._uncollected[report.nodeid] = lines[-1].removeprefix("E").strip() if lines else "cannot be collected"

    def pytest_collection_finish(self, session: pytest.Session) -> None:
        """Note the benchmarks that are left after any deselection."""
        items = [item for item in session.items if "benchmark" in getattr(item, "fixturenames", ())]
        self._benchmarks = [item.nodeid for item in items]
        marked = ((item.nodeid, item.get_closest_marker("gate")) for item in items)
        self._deltas = {nodeid: float(marker.kwargs["delta"]) for nodeid, marker in marked if marker is not None}

    @pytest.hookimpl(wrapper=True)
    def pytest_runtest_call(self, item: pytest.Item) -> Generator[None, Any, Any]:
        """Read the most memory that the process had during a benchmark, set-up and teardown left out."""
        if not self._reads_memory:
            return (yield)
        reset_peak()
        try:
            return (yield)
        finally:
            self._peaks[item.nodeid] = read_peak()

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        """Note how each one ended."""
        if report.when == "call" or not report.passed:
            self._outcomes[report.nodeid] = report.outcome

    @pytest.hookimpl(trylast=True)
    def pytest_sessionfinish(self) -> None:
        """Write the file, whole or not at all."""
        found = {
            "benchmarks": self._benchmarks,
            "deltas": self._deltas,
            "uncollected": self._uncollected,
            "outcomes": self._outcomes,
            "peaks": self._peaks,
            "packages": imported(self._packages),
        }
        path = self._folder / str(os.getpid())
        path.write_text(json.dumps(found), encoding="utf-8")
        path.rename(path.with_suffix(".json"))


def pytest_configure(config: pytest.Config) -> None:
    """Start, in the process that pytest was started as."""
    config.addinivalue_line("markers", "gate(delta): the share by which this benchmark may become slower")
    folder, packages, memory = (os.environ.get(f"GATE_{name}", "") for name in ("PROOF", "PACKAGES", "MEMORY"))
    if folder:
        config.pluginmanager.register(Proof(Path(folder), packages.split(), reads_memory=bool(memory)), "gate-proof")


def imported(names: "list[str]") -> dict[str, str]:
    """Return the digest of the code of each of these packages that was imported, wherever it was found."""
    paths = ((name, _location(sys.modules.get(name))) for name in names)
    return {name: digest(path) for name, path in paths if path is not None}


def built(tree: Path) -> "dict[str, dict[str, str]]":
    """Return the packages that were built from the tree, each with the digest of the code that an import would find.

    Where nothing was installed from the tree, they are what lies at its top, or in its src.
    """
    found: dict[str, tuple[str, Path | None]] = {}
    for distribution in importlib.metadata.distributions():
        if _is_from(distribution, tree):
            what = f"{distribution.name} {distribution.version}"
            found |= {name: (what, _found(name)) for name in _top_level(distribution)}
    if not found:
        for folder in (tree / "src", tree):
            files = [*folder.glob("*.py"), *folder.glob("*/__init__.py")]
            names = {file.parent.name if file.name == "__init__.py" else file.stem: file for file in files}
            found |= {name: (f"{name} (not installed)", file) for name, file in names.items() if name not in _NO_CODE}
    return {
        name: {"what": what, "digest": digest(path)} for name, (what, path) in sorted(found.items()) if path is not None
    }


def digest(path: Path) -> str:
    """Return a digest of a module's code, or of all code in a package's folder."""
    files = [path]
    if path.name.startswith("__init__."):
        files = sorted(file for file in path.parent.rglob("*") if file.suffix in {".py", ".so", ".pyd"})
    summed = hashlib.sha256()
    for file in files:
        summed.update(f"{file.relative_to(path.parent).as_posix()}\n{file.stat().st_size}\n".encode())
        summed.update(file.read_bytes())
    return summed.hexdigest()[:16]


def reset_peak() -> None:
    """Have the system forget the most memory so far."""
    Path("/proc/self/clear_refs").write_text("5", encoding="ascii")


def read_peak() -> int:
    """Return the most memory of this process since, in bytes."""
    lines = Path("/proc/self/status").read_text(encoding="ascii").splitlines()
    return 1024 * int(next(line for line in lines if line.startswith(_HIGH_WATER)).split()[1])


def _is_from(distribution: importlib.metadata.Distribution, tree: Path) -> bool:
    text = distribution.read_text("direct_url.json")
    return text is not None and str(json.loads(text).get("url", "")) == tree.as_uri()


def _top_level(distribution: importlib.metadata.Distribution) -> set[str]:
    listed = (distribution.read_text("top_level.txt") or "").split()
    if listed:
        return set(listed)
    tops = {file.parts[0] for file in distribution.files or () if file.suffix in {".py", ".so", ".pyd"}}
    return {top.partition(".")[0] for top in tops if not top.endswith((".dist-info", ".data")) and top != ".."}


def _found(name: str) -> "Path | None":
    spec = importlib.util.find_spec(name)
    return Path(spec.origin) if spec is not None and spec.origin not in {None, "built-in", "namespace"} else None


def _location(module: Any) -> "Path | None":
    file = getattr(module, "__file__", None)
    return Path(file) if file else None


if __name__ == "__main__":
    print(json.dumps(built(Path(sys.argv[1]))))  # noqa: T201 - the gate reads it
