"""One virtual environment a side, with the same dependencies in the same versions."""

import json
import os
import shutil
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import bench.gate.injected
from bench.gate import commands
from bench.gate.commands import Command, CommandError
from bench.gate.trouble import Trouble

_INJECTED = Path(bench.gate.injected.__path__[0]).resolve()
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

        def run(command: Command) -> None:
            commands.run(command, folder=tree, log=log, variables=variables, limit_s=_LIMIT_S)

        # pip costs a second or more: it is put in where the command speaks of it.
        seed = ["--seed"] if "pip" in self._install else []
        if (uv := _uv()) is not None:
            run([uv, "venv", "--quiet", *seed, "--python", sys.executable, folder])
        else:
            run([sys.executable, "-m", "venv", *([] if seed else ["--without-pip"]), folder])
        run(self._install)
        frozen = self._freeze(environment, variables)
        if lock is None and self._lock is None:
            self._lock = self._folder / "lock.txt"
            self._lock.write_text("".join(f"{name}=={version}\n" for name, version in frozen.items()), "utf-8")
        return Environment(folder, frozen)

    def _freeze(self, environment: Environment, variables: Mapping[str, str]) -> dict[str, str]:
        """Return what is installed, without what comes from the tree or another folder: that is under test."""
        listed = self._folder / "listed.json"
        listed.unlink(missing_ok=True)
        script: list[str | Path] = [environment.python, "-I", _INJECTED / "installed.py"]
        commands.run(script, folder=self._folder, log=listed, variables=variables, limit_s=_LIMIT_S)
        frozen: dict[str, str] = json.loads(listed.read_text("utf-8"))
        return frozen


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
