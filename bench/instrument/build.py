"""How the running Python was built: what decides whether two interpreters can be compared. Never a path."""

import platform
import shlex
import sys
import sysconfig
from collections.abc import Mapping
from multiprocessing import get_all_start_methods
from typing import Any

SHORT_NAMES = {"cpython": "cp", "pypy": "pp"}


def tag() -> str:
    """Return the name of this interpreter on this platform, such as cp311-linux-x86_64 or cp314t-linux-x86_64."""
    implementation = sys.implementation.name
    major, minor = sys.version_info[:2]
    flags = ("t" if is_gil_disabled_build() else "") + ("d" if is_debug_build() else "")
    machine = platform.machine() or "unknown"
    return f"{SHORT_NAMES.get(implementation, implementation)}{major}{minor}{flags}-{sys.platform}-{machine}".lower()


def python() -> dict[str, Any]:
    """Return the interpreter's version, its build and the settings it runs with, ready for JSON."""
    variables = sysconfig.get_config_vars()
    return {
        "implementation": platform.python_implementation(),
        "version": platform.python_version(),
        "abi_flags": getattr(sys, "abiflags", ""),
        "compiler": platform.python_compiler(),
        "config_args": without_paths(variables.get("CONFIG_ARGS") or ""),
        "cflags": without_paths(variables.get("CFLAGS") or ""),
        "opt": without_paths(variables.get("OPT") or ""),
        "pgo": pgo(variables),
        "lto": lto(variables),
        "debug": is_debug_build(),
        "shared_library": bool(variables.get("Py_ENABLE_SHARED")),
        "gil_disabled_build": is_gil_disabled_build(),
        "jit": jit(),
        "switch_interval_s": sys.getswitchinterval(),
        # The first is the default. Asking for the default itself would settle it, and break set_start_method().
        "default_start_method": get_all_start_methods()[0],
    }


def is_gil_enabled() -> bool:
    """Return whether the GIL is on right now; an import can switch it on in a free-threaded build."""
    check = getattr(sys, "_is_gil_enabled", None)
    return True if check is None else bool(check())


def is_gil_disabled_build() -> bool:
    """Return whether this is a free-threaded build, whatever its GIL does now."""
    return bool(sysconfig.get_config_var("Py_GIL_DISABLED"))


def is_debug_build() -> bool:
    """Return whether this is a debug build, which is several times slower."""
    return hasattr(sys, "gettotalrefcount")


def jit() -> str:
    """Return "on" or "off", or "absent" where this build has none (before 3.14 there is no way to ask)."""
    module = getattr(sys, "_jit", None)
    if module is None or not module.is_available():
        return "absent"
    return "on" if module.is_enabled() else "off"


def pgo(variables: Mapping[str, Any]) -> bool | None:
    """Return whether the build was guided by a profile; None where the build does not tell.

    Windows and PyPy keep no configure arguments. Distributions' own Pythons (prefix /usr) are often profiled by their
    build scripts, without the argument.
    """
    words = _build_words(variables)
    if any(word.startswith(("--enable-optimizations", "-fprofile-use", "-fprofile-instr-use")) for word in words):
        return "--enable-optimizations=no" not in words
    return False if words and "--prefix=/usr" not in words else None


def lto(variables: Mapping[str, Any]) -> bool | None:
    """Return whether the build was optimised across its object files; None where the build does not tell."""
    words = _build_words(variables)
    if any(word.startswith(("--with-lto", "-flto")) for word in words):
        return not {"--with-lto=no", "-fno-lto"} & set(words)
    return False if words and "--prefix=/usr" not in words else None


def without_paths(flags: str) -> str:
    """Return the words of ``flags`` that hold no path, in their order: the others say where, not how, Python was built.

    A quoted argument that holds several words, such as CFLAGS='-O3 -I/opt/include', keeps those without a path.
    """
    arguments = (_words_without_paths(argument) for argument in _split(flags))
    return shlex.join(argument for argument in arguments if argument)


def _words_without_paths(argument: str) -> str:
    kept = " ".join(word for word in argument.split() if not {"/", "\\"} & set(word))
    return "" if kept.endswith("=") else kept


def _build_words(variables: Mapping[str, Any]) -> list[str]:
    arguments = _split(variables.get("CONFIG_ARGS") or "")
    if not arguments:
        return []
    flags = [variables.get(name) or "" for name in ("CFLAGS", "PY_CFLAGS_NODIST", "LDFLAGS", "PY_LDFLAGS_NODIST")]
    return [word for text in (*arguments, *flags) for word in text.split()]


def _split(flags: str) -> list[str]:
    try:
        return shlex.split(flags)
    except ValueError:  # an unbalanced quotation mark: flags come from whoever built this Python
        return flags.split()
