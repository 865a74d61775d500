"""The costs of the kinds, kept between calls: a file a machine, Python and version, in the user's cache folder."""

import hashlib
import json
import os
import platform
import sys
import sysconfig
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, fields
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from flagkit.advise.records import KindCosts
from flagkit.cpus import usable_cpus

__all__ = ["Stored", "folder", "identity", "load", "store"]

LIBRARIES = ("numpy", "loky", "joblib", "mpire", "distributed")
"""What a kind's costs depend on beside flagkit and Python."""


def folder() -> Path:
    """Return where the user's programs keep what they can make again (XDG Base Directory; LOCALAPPDATA on Windows)."""
    if sys.platform == "win32":
        base = os.environ.get("LOCALAPPDATA") or Path.home() / "AppData" / "Local"
    elif sys.platform == "darwin":
        base = Path.home() / "Library" / "Caches"
    else:
        base = os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache"
    return Path(base) / "flagkit"


def identity() -> Mapping[str, str]:
    """Return all that the costs depend on: when one of these changes, they are measured again."""
    return {
        "flagkit": _version("flagkit"),
        "python": sys.version,
        "executable": str(Path(sys.executable).resolve()),
        "gil": str(getattr(sys, "_is_gil_enabled", lambda: True)()),
        "build": str(sysconfig.get_config_var("CONFIG_ARGS")),
        "system": platform.platform(),
        "node": platform.node(),
        "cpu": _cpu(),
        "processors": str(usable_cpus()),
        "dask": os.environ.get("FLAGKIT_DASK_ADDRESS", ""),
        **{library: _version(library) for library in LIBRARIES},
    }


@dataclass(frozen=True, slots=True)
class Stored:
    """The costs by kind, and the time within which those of other kinds could not be measured."""

    costs: dict[str, KindCosts] = field(default_factory=dict)
    not_within_s: dict[str, float] = field(default_factory=dict)


def load() -> Stored:
    """Return what was measured here; what cannot be read is as if it had not been measured."""
    try:
        found = json.loads(_path().read_text("utf-8"))
        return Stored({kind: _costs(record) for kind, record in found["costs"].items()}, found["not_within_s"])
    except (OSError, RuntimeError, ValueError, TypeError, KeyError, AttributeError):  # RuntimeError: there is no home
        return Stored()


def store(stored: Stored) -> None:
    """Keep the costs, whole or not at all; where the folder cannot be written to, they are measured each time."""
    text = json.dumps({"identity": identity(), **asdict(stored)}, indent=1)
    try:
        path = _path()
        path.parent.mkdir(parents=True, exist_ok=True)
        with TemporaryDirectory(dir=path.parent, ignore_cleanup_errors=True) as making:
            written = Path(making, path.name)
            written.write_text(text, "utf-8")
            written.replace(path)
    except (OSError, RuntimeError):
        return


def _path() -> Path:
    key = hashlib.sha256(json.dumps(identity(), sort_keys=True).encode()).hexdigest()
    return folder() / f"costs-{key[:16]}.json"


def _costs(record: dict[str, Any]) -> KindCosts:
    if set(record) != {one.name for one in fields(KindCosts)}:
        raise ValueError("of another version")
    values: dict[str, Any] = {
        name: tuple(value) if isinstance(value, list) else value for name, value in record.items()
    }
    return KindCosts(**values)


def _cpu() -> str:
    try:
        lines = Path("/proc/cpuinfo").read_text("utf-8").splitlines()
    except OSError:
        return platform.processor()
    return next((line.partition(":")[2].strip() for line in lines if line.startswith("model name")), "")


def _version(library: str) -> str:
    try:
        return version(library)
    except PackageNotFoundError:
        return ""
