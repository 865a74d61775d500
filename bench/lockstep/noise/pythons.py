"""Find interpreters by version, and tell which version one has."""

import shutil
import subprocess
import sys
from collections.abc import Iterable, Mapping

_ASK = "import sys, sysconfig; print(*sys.version_info[:2], 't' * bool(sysconfig.get_config_var('Py_GIL_DISABLED')))"


class PythonError(ValueError):
    """Something given as an interpreter is none; the message is one line."""


def version(python: str) -> str:
    """Return the version of an interpreter, such as 3.14 or 3.14t; raises PythonError."""
    try:
        # A free-threaded build has a t, whatever its GIL does
        done = subprocess.run([python, "-I", "-c", _ASK], capture_output=True, encoding="utf-8", check=True, timeout=60)  # noqa: S603 - an interpreter that the user names
        major, minor, *threaded = done.stdout.split()
    except (OSError, subprocess.SubprocessError, ValueError) as error:
        raise PythonError(f"{python} is no Python that runs: {type(error).__name__}; give the path of one") from None
    return f"{major}.{minor}{''.join(threaded)}"


def find(wanted: Iterable[str], given: Iterable[str] = ()) -> Mapping[str, str]:
    """Return the path of an interpreter for each version that there is: of those given, on PATH, of uv's, or this one.

    Raises PythonError for one given that does not run.
    """
    found = {version(python): python for python in given}
    for name in wanted:
        if name not in found and (path := _on_path(name) or _of_uv(name) or _own(name)):
            found[name] = path
    return found


def _own(name: str) -> str | None:
    return sys.executable if version(sys.executable) == name else None


def _on_path(name: str) -> str | None:
    path = shutil.which(f"python{name}")
    if path is None:
        return None
    try:
        return path if version(path) == name else None
    except PythonError:  # a launcher without that version behind it
        return None


def _of_uv(name: str) -> str | None:
    """Return what uv has installed by this version, downloading nothing; None without uv."""
    uv = shutil.which("uv")
    if uv is None:
        return None
    command = [uv, "python", "find", "--no-python-downloads", "--managed-python", name]
    done = subprocess.run(command, capture_output=True, encoding="utf-8", check=False)  # noqa: S603 - uv, as found
    path = done.stdout.strip()
    return path if done.returncode == 0 and version(path) == name else None
