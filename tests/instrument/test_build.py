"""How this Python was built, without telling where."""

import sys
import sysconfig
from typing import Any

import pytest

from bench.instrument import build

DEBIAN = "'--prefix=/usr' '--with-system-ffi' 'CC=x86_64-linux-gnu-gcc' 'CFLAGS=-g -O2 -I/opt/include'"


@pytest.mark.parametrize(
    ("flags", "kept"),
    [
        ("'--prefix=/home/ann/py' '--enable-shared'", "--enable-shared"),
        ("'CFLAGS=-O3 -I/home/ann/include -g' '--with-lto=thin'", "'CFLAGS=-O3 -g' --with-lto=thin"),
        ("LDFLAGS=-L/home/ann/lib", ""),
        (r"--prefix=C:\\Users\\ann -O2", "-O2"),
        ("-ffile-prefix-map=/home/ann=. -Wall", "-Wall"),
        ("an 'unbalanced /home/ann quotation", "an ''\"'\"'unbalanced' quotation"),
        ("", ""),
    ],
)
def test_no_path_is_told(flags: str, kept: str) -> None:
    """What says how Python was built stays; what says where goes."""
    assert build.without_paths(flags) == kept


@pytest.mark.parametrize(
    ("variables", "pgo", "lto"),
    [
        ({"CONFIG_ARGS": "'--enable-optimizations' '--with-lto'"}, True, True),
        ({"CONFIG_ARGS": "'--enable-optimizations=no' '--with-lto=no'"}, False, False),
        ({"CONFIG_ARGS": "'--enable-shared'", "CFLAGS": "-O3 -flto=auto -fprofile-use"}, True, True),
        ({"CONFIG_ARGS": "'--enable-shared' 'CFLAGS=-O3 -flto'"}, False, True),
        ({"CONFIG_ARGS": "'--enable-shared'", "CFLAGS": "-O3"}, False, False),
        ({"CONFIG_ARGS": DEBIAN}, None, None),
        ({}, None, None),
        ({"CONFIG_ARGS": None, "CFLAGS": "-O3 -flto"}, None, None),
    ],
)
def test_profile_and_link_time_optimisation(variables: dict[str, Any], pgo: Any, lto: Any) -> None:
    """Known from arguments and flags; unknown where a build keeps none, or where a distribution builds its own way."""
    assert build.pgo(variables) is pgo
    assert build.lto(variables) is lto


def test_the_tag_names_version_build_and_platform() -> None:
    """Such as cp311-linux-x86_64, with a t for a free-threaded build."""
    threaded = "t" if sysconfig.get_config_var("Py_GIL_DISABLED") else ""
    debug = "d" if hasattr(sys, "gettotalrefcount") else ""
    prefix = f"cp{sys.version_info.major}{sys.version_info.minor}{threaded}{debug}-{sys.platform}-"
    assert build.tag().startswith(prefix)
    assert "/" not in build.tag()


class FakeJit:
    """The sys._jit of a build."""

    def __init__(self, *, available: bool, enabled: bool) -> None:
        self._available, self._enabled = available, enabled

    def is_available(self) -> bool:
        """Return whether it was built in."""
        return self._available

    def is_enabled(self) -> bool:
        """Return whether it is switched on."""
        return self._enabled


@pytest.mark.parametrize(
    ("module", "expected"),
    [
        (None, "absent"),
        (FakeJit(available=False, enabled=False), "absent"),
        (FakeJit(available=True, enabled=False), "off"),
        (FakeJit(available=True, enabled=True), "on"),
    ],
    ids=["before 3.14", "not built in", "off", "on"],
)
def test_jit(module: FakeJit | None, expected: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Absent, off or on."""
    monkeypatch.setattr(sys, "_jit", module, raising=False)
    assert build.jit() == expected


@pytest.mark.parametrize(
    ("check", "expected"),
    [(None, True), (lambda: False, False), (lambda: True, True)],
    ids=["before 3.13", "off", "on"],
)
def test_gil(check: Any, expected: object, monkeypatch: pytest.MonkeyPatch) -> None:
    """On in every Python that has no way to ask."""
    monkeypatch.setattr(sys, "_is_gil_enabled", check, raising=False)
    assert build.is_gil_enabled() is expected


def test_asking_does_not_settle_the_start_method() -> None:
    """A suite can still choose its own default start method afterwards."""
    import multiprocessing  # noqa: PLC0415  # its state is what is looked at

    before = multiprocessing.get_start_method(allow_none=True)
    assert build.python()["default_start_method"] in multiprocessing.get_all_start_methods()
    assert multiprocessing.get_start_method(allow_none=True) == before
