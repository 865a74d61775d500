"""What a side's processes prove: which benchmarks they have, and that the code they imported is that side's own."""

import json
import os
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import bench.gate.injected
from bench.gate import commands
from bench.gate.commands import CommandError
from bench.gate.environments import Environment
from bench.gate.trouble import Trouble

PLUGIN = ("-p", "gate_proof")
_INJECTED = Path(bench.gate.injected.__path__[0]).resolve()
_NO_CACHE = ("-p", "no:cacheprovider")
_LIMIT_S = 600.0


@dataclass(frozen=True, slots=True)
class Package:
    """A package that was built from a side's tree, and the digest of its code."""

    what: str
    digest: str


@dataclass(frozen=True, slots=True)
class Proof:
    """What one process has found; `packages` has the digests of what it imported, by name."""

    benchmarks: tuple[str, ...]
    uncollected: Mapping[str, str]
    outcomes: Mapping[str, str]
    peaks: Mapping[str, int]
    packages: Mapping[str, str]
    deltas: Mapping[str, float]

    @classmethod
    def read(cls, path: Path) -> "Proof":
        """Read what the plugin wrote."""
        found: dict[str, Any] = json.loads(path.read_text("utf-8"))
        return cls(
            tuple(found["benchmarks"]),
            found["uncollected"],
            found["outcomes"],
            found["peaks"],
            found["packages"],
            found["deltas"],
        )


@dataclass(frozen=True, slots=True)
class Prover:
    """Has a side's processes prove; `folder` takes their files."""

    name: str
    tree: Path
    environment: Environment
    folder: Path
    packages: dict[str, Package] = field(default_factory=dict)
    aside: list[str] = field(default_factory=list)

    def variables(self, *, memory: bool = False) -> dict[str, str]:
        """Return what the plugin needs in the environment of a process."""
        found = {
            "PYTHONPATH": str(_INJECTED),
            "GATE_PROOF": str(self.folder),
            "GATE_PACKAGES": " ".join(self.packages),
            "GATE_ASIDE": os.pathsep.join(self.aside),
        }
        return found | ({"GATE_MEMORY": "1"} if memory else {})

    def run(
        self,
        arguments: Sequence[str],
        *,
        only: Sequence[str] | None = None,
        memory: bool = False,
        wrap: Sequence[str] = (),
    ) -> Proof:
        """Run pytest in the side's tree and return what it proves; raises Trouble where it proves nothing.

        It runs benchmarks once each, of `only` some no others; one of these that does not run is trouble. Failed tests
        are none: the proof says which.
        """
        self.folder.mkdir(exist_ok=True)
        variables = {**self.variables(memory=memory), "GATE_ONCE": "1"}
        if only is not None:
            names = self.folder.with_suffix(".only")
            names.write_text(json.dumps(list(only)), "utf-8")
            variables["GATE_ONLY"] = str(names)
        log = self.folder.with_suffix(".log")
        command: list[str | Path] = [
            *wrap,
            self.environment.python,
            "-P",
            "-m",
            "pytest",
            *_loaded(),
            *PLUGIN,
            *_NO_CACHE,
            *arguments,
        ]
        before = set(self.folder.glob("*.json"))
        try:
            commands.run(command, folder=self.tree, log=log, variables=variables, limit_s=_LIMIT_S)
        except CommandError as error:
            said = str(error)
        else:
            said = ""
        fresh = set(self.folder.glob("*.json")) - before
        if len(fresh) > 1:
            raise Trouble(f"{self.name}: pytest ran in {len(fresh)} processes, where one has to run all benchmarks")
        if not fresh:
            raise Trouble(f"{self.name}: pytest did not run: {said or 'it wrote no proof'}")
        proof = Proof.read(fresh.pop())
        for path in self.folder.glob("*.json"):
            path.unlink()
        if silent := [name for name in only or () if name not in proof.outcomes]:
            raise Trouble(f"{self.name}: pytest did not run {silent[0]}: {said or 'it was not collected'}")
        return proof

    def find_built(self, aside: Sequence[str]) -> None:
        """Note the packages that this side was built with; raises Trouble. To be done before files are laid over.

        What lies in the paths `aside`, which are the benchmarks', is no code of theirs.
        """
        listed = self.folder.with_suffix(".built")
        command: list[str | Path] = [self.environment.python, "-I", _INJECTED / "gate_proof.py", self.tree, *aside]
        try:
            commands.run(command, folder=self.tree.parent, log=listed, variables={}, limit_s=_LIMIT_S)
            found = json.loads(listed.read_text("utf-8").splitlines()[-1])
        except (CommandError, ValueError, IndexError) as error:
            raise Trouble(f"{self.name}: its environment has no working pytest: {error}") from None
        self.aside[:] = aside
        self.packages.update({name: Package(one["what"], one["digest"]) for name, one in found.items()})

    def taken(self) -> list[Proof]:
        """Return what processes have proved since this was last asked."""
        found = []
        for path in sorted(self.folder.glob("*.json")):
            found.append(Proof.read(path))
            path.unlink()
        return found


def _loaded() -> list[str]:
    """Return what loads pytest-benchmark where plugins do not load themselves."""
    return ["-p", "benchmark"] if os.environ.get("PYTEST_DISABLE_PLUGIN_AUTOLOAD") else []


@dataclass(slots=True)
class Watch:
    """Looks at what the processes of both sides prove, generation by generation."""

    sides: Sequence[Prover]
    _proved: Counter[str] = field(default_factory=Counter)

    def look(self) -> None:
        """Check the proofs of processes that have ended since; raises Trouble."""
        for side in self.sides:
            for proof in side.taken():
                check(side.name, proof, side.packages)
                self._proved[side.name] += 1

    def conclude(self, generations: int, died: Mapping[str, int]) -> None:
        """Raise Trouble unless each process of this stage has proved something, but for those that died."""
        for side in self.sides:
            proved = self._proved[side.name]
            if not proved:
                raise Trouble(f"{side.name}: no process lived to prove which code it measured")
            if proved < generations - died.get(side.name, 0):
                raise Trouble(
                    f"{side.name}: of {generations} processes {proved} proved which code they measured: "
                    "did the others not end in time?"
                )
        self._proved.clear()


def check(name: str, proof: Proof, own: Mapping[str, Package]) -> None:
    """Raise Trouble unless a process has imported its side's own code, and has imported it at all."""
    found = {package: digest for package, digest in proof.packages.items() if package in own}
    for package, digest in found.items():
        if digest != own[package].digest:
            raise Trouble(
                f"{name}: imported another {package} than was built ({digest}, not {own[package].digest}): "
                "is it found before the one that was built?"
            )
    if not found:
        raise Trouble(f"{name}: no benchmark imports {', '.join(own) or 'the project'}: nothing of it is measured")
