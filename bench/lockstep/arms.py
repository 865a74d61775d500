"""An arm: a Python, with what is installed for it, in a checkout, with variables of the environment."""

import re
import shutil
import sys
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from types import MappingProxyType

_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._+-]*")
_VARIABLE = re.compile(r"[A-Z_][A-Z0-9_]*")
_RESERVED = frozenset({"lockstep", "index"})


class ArmError(ValueError):
    """An arm that cannot be; the message is one line that says what to do."""


@dataclass(frozen=True, slots=True)
class Arm:
    """What is measured in turn with other arms; `python` is an absolute path, not resolved: it may be a link."""

    name: str
    python: Path
    checkout: Path
    variables: Mapping[str, str] = field(default_factory=lambda: MappingProxyType({}))

    @property
    def environment(self) -> Path | None:
        """Return the folder of the virtual environment that the Python belongs to, if it does."""
        folder = self.python.parent.parent
        return folder if (folder / "pyvenv.cfg").is_file() else None


def parse(text: str, here: Path) -> Arm:
    """Read NAME=PYTHON[,in=DIR][,VARIABLE=VALUE...]; raises ArmError.

    PYTHON is an interpreter, the folder of a virtual environment, or a command such as python3.14; empty is the Python
    that runs this. DIR is the checkout, otherwise `here`.
    """
    name, equals, rest = text.partition("=")
    if not equals or not _NAME.fullmatch(name) or name in _RESERVED:
        raise ArmError(f"--arm {text}: give NAME=PYTHON, where NAME is of letters, digits and . _ + -")
    python, *more = rest.split(",")
    checkout = here
    variables: dict[str, str] = {}
    for part in more:
        key, equals, value = part.partition("=")
        if key == "in" and value:
            checkout = here / value
        elif equals and _VARIABLE.fullmatch(key):
            variables[key] = value
        else:
            raise ArmError(f"--arm {text}: {part!r} is neither in=DIR nor VARIABLE=VALUE")
    if not checkout.is_dir():
        raise ArmError(f"--arm {text}: {checkout} is no directory")
    return Arm(name, interpreter(python, here, text), checkout.resolve(), MappingProxyType(variables))


def interpreter(given: str, here: Path, text: str) -> Path:
    """Return the interpreter that is meant, as an absolute path; raises ArmError that quotes `text`."""
    if not given:
        return Path(sys.executable)
    path = here / given
    if path.is_dir():
        path = next((found for part in ("bin/python", "Scripts/python.exe") if (found := path / part).exists()), path)
        if path.is_dir():
            raise ArmError(f"--arm {text}: {given} is no virtual environment: it has no bin/python")
    if path.exists():
        return path.absolute()
    command = shutil.which(given)
    if command is None:
        raise ArmError(f"--arm {text}: no Python {given}: give an interpreter, a virtual environment or a command")
    return Path(command).absolute()


def check(arms: list[Arm], base: str | None) -> str:
    """Return the name of the base, the first arm unless given; raises ArmError for arms that make no comparison."""
    names = [arm.name for arm in arms]
    if len(names) < 2:  # noqa: PLR2004 - two make a comparison
        raise ArmError(f"{len(names)} arm{'s' * (len(names) != 1)}: a comparison needs two or more")
    if repeated := sorted({name for name in names if names.count(name) > 1}):
        raise ArmError(f"two arms are called {repeated[0]}: give each a name of its own")
    if base is not None and base not in names:
        raise ArmError(f"--base {base}: no such arm; there are {', '.join(names)}")
    return names[0] if base is None else base
