"""What the tests run against: under tox, the installed wheel, which holds flagkit alone."""

import os
import subprocess
import sys
from importlib.metadata import files, version
from pathlib import Path

import pytest

import flagkit

ROOT = Path(__file__).parent.parent


@pytest.mark.skipif("FLAGKIT_EXPECT_WHEEL" not in os.environ, reason="not under tox: flagkit is imported from anywhere")
def test_the_tests_import_the_installed_flagkit() -> None:
    """The package comes from site-packages, not from the checkout that the tests lie in."""
    assert not Path(flagkit.__file__).is_relative_to(ROOT / "flagkit")


@pytest.mark.skipif("FLAGKIT_EXPECT_WHEEL" not in os.environ, reason="not under tox: there may be no wheel")
def test_the_wheel_holds_flagkit_alone() -> None:
    """Neither the instrument nor the tests are installed; the marker for type checkers and the data are."""
    installed = files("flagkit")
    assert installed is not None
    tops = {file.parts[0] for file in installed if not file.parts[0].startswith(("..", "flagkit-"))}
    assert tops == {"flagkit"}
    assert {"flagkit/py.typed"} <= {file.as_posix() for file in installed}


def test_the_package_knows_its_version() -> None:
    """`__version__` is what the metadata says."""
    assert flagkit.__version__ == version("flagkit")


@pytest.mark.parametrize("room", ["instrument", "report", "lockstep", "gate"])
def test_the_instrument_does_not_import_what_it_measures(room: str) -> None:
    """No room that runs beside any version of flagkit imports it."""
    sources = list((ROOT / "bench" / room).rglob("*.py"))
    assert sources
    assert not [
        path for path in sources if "import flagkit" in (text := path.read_text("utf-8")) or "from flagkit" in text
    ]


def test_flagkit_does_not_import_the_instrument() -> None:
    """No module of the package imports bench."""
    sources = list((ROOT / "flagkit").rglob("*.py"))
    assert sources
    assert not [path for path in sources if "import bench" in (text := path.read_text("utf-8")) or "from bench" in text]


def test_the_command_is_installed() -> None:
    """`flagkit --version` and `python -m flagkit --version` print the same version."""
    script = Path(sys.executable).parent / ("flagkit.exe" if os.name == "nt" else "flagkit")
    for command in ([str(script)], [sys.executable, "-m", "flagkit"]):
        said = subprocess.run([*command, "--version"], check=True, capture_output=True, text=True).stdout
        assert said == f"flagkit {flagkit.__version__}\n"
