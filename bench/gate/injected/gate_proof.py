"""A pytest plugin of the gate's: which benchmarks there are, which code was imported, and peak memory a benchmark.

It runs in the environment under test, which has pytest and pytest-benchmark and nothing of this project. What it finds
goes to a file in the folder that GATE_PROOF names, when the session ends.
"""

import hashlib
import importlib.metadata
import importlib.util
import json
import math
import os
import sys
import urllib.parse
import urllib.request
from collections.abc import Collection, Generator, Iterable, Iterator
from pathlib import Path, PurePosixPath
from typing import Any

import pytest

_HIGH_WATER = "VmHWM:"
_CODE = frozenset({".py", ".so", ".pyd"})
_NO_CODE = frozenset({"conftest", "setup", "noxfile", "tests", "test", "docs", "bench", "benchmarks"})
_ONCE: "dict[str, object]" = {
    "benchmark_only": False,  # the word that keeps pytest-benchmark from starting where it is disabled
    "benchmark_skip": False,
    "benchmark_enable": False,
    "benchmark_disable": True,
    "numprocesses": None,
    "dist": "no",
    "tx": [],
    "usepdb": False,
    "maxfail": 0,
    "continue_on_collection_errors": True,
}


class Proof:
    """Writes its file at the end of a session; `reads_memory` where each benchmark's peak is wanted.

    Of `only` some benchmarks, no other test runs; of packages, what lies in the paths `aside` is no code.
    """

    def __init__(
        self,
        folder: Path,
        packages: "list[str]",
        *,
        aside: "list[str]",
        only: "Collection[str] | None",
        reads_memory: bool,
    ) -> None:
        self._folder = folder
        self._packages = packages
        self._aside = aside
        self._only = only
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

    @pytest.hookimpl(trylast=True)
    def pytest_collection_modifyitems(self, items: list[pytest.Item]) -> None:
        """Leave what was asked for: names are relative to pytest's root folder, and are no arguments for it."""
        if self._only is not None:
            items[:] = [item for item in items if item.nodeid in self._only]

    def pytest_collection_finish(self, session: pytest.Session) -> None:
        """Note the benchmarks that are left after any deselection."""
        items = [item for item in session.items if "benchmark" in getattr(item, "fixturenames", ())]
        self._benchmarks = [item.nodeid for item in items]
        marked = ((item.nodeid, item.get_closest_marker("gate")) for item in items)
        self._deltas = {nodeid: _delta(marker) for nodeid, marker in marked if marker is not None}

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
            "packages": imported(self._packages, self._aside),
        }
        path = self._folder / str(os.getpid())
        path.write_text(json.dumps(found), encoding="utf-8")
        path.rename(path.with_suffix(".json"))


def pytest_configure(config: pytest.Config) -> None:
    """Start, in the process that pytest was started as."""
    config.addinivalue_line("markers", "gate(delta): the share by which this benchmark may become slower")
    given = {name: os.environ.get(f"GATE_{name}", "") for name in ("PROOF", "PACKAGES", "ASIDE", "ONLY", "MEMORY")}
    if given["PROOF"]:
        aside = given["ASIDE"].split(os.pathsep)
        only = frozenset(json.loads(Path(given["ONLY"]).read_text("utf-8"))) if given["ONLY"] else None
        packages, reads_memory = given["PACKAGES"].split(), bool(given["MEMORY"])
        proof = Proof(Path(given["PROOF"]), packages, aside=aside, only=only, reads_memory=reads_memory)
        config.pluginmanager.register(proof, "gate-proof")


@pytest.hookimpl(tryfirst=True, wrapper=True)
def pytest_cmdline_main(config: pytest.Config) -> Generator[None, Any, Any]:
    """Undo what the project's configuration may say of ordinary runs: each benchmark runs once, all in this process."""
    if os.environ.get("GATE_ONCE"):
        for name, value in _ONCE.items():
            if hasattr(config.option, name):
                setattr(config.option, name, value)
    return (yield)


def imported(names: Iterable[str], aside: Iterable[str] = ()) -> dict[str, str]:
    """Return the digest of the code of each of these packages that was imported, wherever it was found."""
    paths = ((name, _location(sys.modules.get(name))) for name in names)
    return {name: digest(path, inside(name, aside)) for name, path in paths if path is not None}


def built(tree: Path, aside: Iterable[str] = ()) -> "dict[str, dict[str, str]]":
    """Return the packages that were built from the tree, each with the digest of the code that an import would find.

    Where nothing was installed from the tree, they are what lies at its top, or in its src. One of which all lies in
    the paths `aside`, which are the benchmarks', is none.
    """
    found: dict[str, tuple[str, Path]] = {}
    for distribution in importlib.metadata.distributions():
        source = _source(distribution)
        if source is not None and source.is_relative_to(tree):
            what = f"{distribution.name} {distribution.version}"
            paths = _installed(distribution, tree) or _lying(source)
            found |= {name: (what, path) for name, path in paths.items()}
    found = found or {name: (f"{name} (not installed)", path) for name, path in _lying(tree).items()}
    digests = {name: digest(path, inside(name, aside)) for name, (_, path) in found.items()}
    return {name: {"what": found[name][0], "digest": digests[name]} for name in sorted(found) if digests[name]}


def digest(path: Path, aside: "Collection[tuple[str, ...]]" = ()) -> str:
    """Return a digest of a module's code, or of all code in a package's folder but what is aside; nothing for none."""
    files = [path]
    if path.name.startswith("__init__."):
        files = sorted(file for file in path.parent.rglob("*") if file.suffix in _CODE and file.name != "conftest.py")
    parts = {file: file.relative_to(path.parent).with_suffix("").parts for file in files}
    files = [file for file in files if not any(parts[file][: len(one)] == one for one in aside)]
    if not files:
        return ""
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


def inside(name: str, aside: Iterable[str]) -> "set[tuple[str, ...]]":
    """Return what of these paths of the tree lies in a package, without suffixes; an empty one is all of it.

    Of a file it is the folder, which is laid over as a whole, but for that of the package itself.
    """
    package = tuple(name.split("."))
    found = set()
    for path in map(PurePosixPath, aside):
        parts = path.with_suffix("").parts if path.suffix == ".py" else path.parts
        for start, part in enumerate(parts):
            if parts[start : start + len(package)] == package[: len(parts) - start]:
                within = parts[start + len(package) :]
                if within or start == 0 or parts[start - 1] == "src":  # perf/x holds benchmarks of x
                    found.add(within[:-1] or within if path.suffix == ".py" else within)
            if part in _NO_CODE:
                break
    return found


def _delta(marker: pytest.Mark) -> float:
    """Return what a marker allows, or NaN for what is no number: the gate judges it."""
    given = marker.kwargs.get("delta", *marker.args[:1])
    return float(given) if isinstance(given, int | float) else math.nan


def _source(distribution: importlib.metadata.Distribution) -> "Path | None":
    """Return the folder, or the archive, that a distribution was installed from."""
    text = distribution.read_text("direct_url.json")
    url = urllib.parse.urlsplit(str(json.loads(text).get("url", "")) if text is not None else "")
    return Path(urllib.request.url2pathname(url.path)) if url.scheme == "file" else None


def _installed(distribution: importlib.metadata.Distribution, tree: Path) -> "dict[str, Path]":
    """Return where an import finds a distribution's packages; of a namespace that others share, its own."""
    files = [file for file in distribution.files or () if file.suffix in _CODE]
    tops = {file.parts[0] for file in files}
    names = {top.partition(".")[0] for top in tops if not top.endswith((".dist-info", ".data")) and top != ".."}
    names = set((distribution.read_text("top_level.txt") or "").split()) or names
    own = {Path(str(distribution.locate_file(file))) for file in files}
    paths = {name: path for top in names for name, path in _found(top)}
    found = {name: path for name, path in paths.items() if name in names or path in own or tree in path.parents}
    return {name: path for name, path in found.items() if name.partition(".")[0] not in _NO_CODE} or found


def _found(name: str) -> "Iterator[tuple[str, Path]]":
    """Yield where an import finds a package or a module, or what lies in a namespace."""
    spec = importlib.util.find_spec(name)
    if spec is not None and spec.has_location and spec.origin is not None:
        yield name, Path(spec.origin)
    elif spec is not None:
        for path in sorted(path for place in spec.submodule_search_locations or () for path in Path(place).glob("*")):
            if path.suffix in _CODE or path.is_dir():
                yield from _found(f"{name}.{path.name.partition('.')[0]}")


def _lying(folder: Path) -> "dict[str, Path]":
    """Return the packages and modules that lie at the top of a folder or in its src, in namespaces too."""
    found: dict[str, Path] = {}
    for top in (folder / "src", folder):
        found |= {file.stem: file for file in top.glob("*.py")}
        for depth in ("*", "*/*", "*/*/*"):
            for file in top.glob(f"{depth}/__init__.py"):
                parts = file.parent.relative_to(top).parts
                if all(part.isidentifier() for part in parts) and not _is_in_a_package(file.parent, top):
                    found[".".join(parts)] = file
    return {name: file for name, file in found.items() if name.partition(".")[0] not in {*_NO_CODE, "src"}}


def _is_in_a_package(folder: Path, top: Path) -> bool:
    return any((parent / "__init__.py").exists() for parent in folder.parents if top in parent.parents)


def _location(module: Any) -> "Path | None":
    file = getattr(module, "__file__", None)
    return Path(file) if file else None


if __name__ == "__main__":
    print(json.dumps(built(Path(sys.argv[1]), sys.argv[2:])))  # noqa: T201 - the gate reads it
