"""One virtual environment a side, with the same dependencies in the same versions."""

import os
import shutil
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from bench.gate import commands
from bench.gate.commands import CommandError
from bench.gate.trouble import Trouble

INSTALL = "pip install . pytest pytest-benchmark"
_LIMIT_S = 1800.0


@dataclass(frozen=True, slots=True)
class Environment:
    """A built side: `frozen` is what is installed beside the project itself, version by name."""

    folder: Path
    frozen: Mapping[str, str]

    @property
    def python(self) -> Path:
        """The interpreter."""
        return self.folder / ("Scripts/python.exe" if sys.platform == "win32" else "bin/python")


class Builder:
    """Builds environments in a folder; what the first one got is what later ones are held to."""

    def __init__(self, folder: Path, install: str) -> None:
        self._folder = folder
        self._install = install
        self._lock: Path | None = None
        self.notes: list[str] = []

    def build(self, name: str, tree: Path) -> Environment:
        """Make an environment and run the install command in the tree; raises Trouble."""
        try:
            return self._build(name, tree, self._lock)
        except CommandError as error:
            if self._lock is None:
                raise Trouble(f"{name} cannot be built: {error}") from None
            locked = error
        try:
            built = self._build(name, tree, None)
        except CommandError as error:
            raise Trouble(f"{name} cannot be built: {error}") from None
        self.notes.append(f"{name} could not be built with the other side's dependencies ({locked}) and has its own")
        return built

    def _build(self, name: str, tree: Path, lock: Path | None) -> Environment:
        folder, log = self._folder / f"{name}-v", self._folder / f"{name}-log"
        shutil.rmtree(folder, ignore_errors=True)
        environment = Environment(folder, {})
        held = {} if lock is None else dict.fromkeys(("PIP_CONSTRAINT", "UV_CONSTRAINT"), str(lock))
        variables = {
            **held,
            "VIRTUAL_ENV": str(folder),
            "PATH": f"{environment.python.parent}{os.pathsep}{commands.environment({}).get('PATH', '')}",
            "PIP_DISABLE_PIP_VERSION_CHECK": "1",
        }
        log.unlink(missing_ok=True)

        def run(command: list[str | Path] | str) -> None:
            commands.run(command, folder=tree, log=log, variables=variables, limit_s=_LIMIT_S)

        if (uv := _uv()) is not None:
            run([uv, "venv", "--quiet", "--seed", "--python", sys.executable, folder])
        else:
            run([sys.executable, "-m", "venv", folder])
        run(self._install)
        frozen = self._freeze(environment, log, variables)
        if lock is None and self._lock is None:
            self._lock = self._folder / "lock.txt"
            self._lock.write_text("".join(f"{name}=={version}\n" for name, version in frozen.items()), "utf-8")
        return Environment(folder, frozen)

    def _freeze(self, environment: Environment, log: Path, variables: Mapping[str, str]) -> dict[str, str]:
        """Return what is installed, without what comes from the tree or another folder: that is under test."""
        listed = self._folder / "listed.txt"
        listed.unlink(missing_ok=True)
        script = [environment.python, "-I", "-m", "pip", "freeze", "--all", "--exclude-editable"]
        commands.run(script, folder=self._folder, log=listed, variables=variables, limit_s=_LIMIT_S)
        with log.open("a", encoding="utf-8") as out:
            out.write(listed.read_text("utf-8"))
        pairs = (line.strip().partition("==") for line in listed.read_text("utf-8").splitlines() if "==" in line)
        return {name: version for name, _, version in pairs}


def differences(one: Environment, other: Environment) -> list[str]:
    """Return what differs between two environments, as "numpy 2.1.0 / 2.2.0"; a dash is what is not there."""
    names = sorted({*one.frozen, *other.frozen}, key=str.lower)
    return [
        f"{name} {one.frozen.get(name, '-')} / {other.frozen.get(name, '-')}"
        for name in names
        if one.frozen.get(name) != other.frozen.get(name)
    ]


def _uv() -> str | None:
    beside = Path(sys.executable).parent / ("uv.exe" if sys.platform == "win32" else "uv")
    return str(beside) if beside.exists() else shutil.which("uv")
