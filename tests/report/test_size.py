"""What the page of the reference study weighs, and what making one of fifty thousand results takes.

How long the latter takes is printed (pytest -s), and held to nothing: on a busy machine it says little. That many take
minutes, so a twenty-fifth of them is made each time, and all of them by -m soak.
"""

import json
import os
import re
import subprocess
import sys
import time
from collections.abc import Sequence
from pathlib import Path

import pytest

from bench.instrument.results import load

pytestmark = [pytest.mark.once, pytest.mark.timeout(600)]
REFERENCE = Path(__file__).parents[2] / "reports" / "reference"
MOST_BYTES = 2 * 10**6
MOST_PEAK_BYTES = {2_000: 5 * 10**8, 50_000: 10**9}
"""By the number of results; most of that for few is what the drawing takes."""
MEASURED = """\
import re, sys
from pathlib import Path
from bench.__main__ import main
status = main(sys.argv[1:])
(peak,) = re.findall(r"^VmHWM:\\s+(\\d+) kB$", Path("/proc/self/status").read_text(), re.MULTILINE)
print(f"peak {1024 * int(peak)}")
sys.exit(status)
"""
"""What getrusage() tells is at least what the process had that started this one (Linux keeps it across exec)."""


def rendered(files: Sequence[Path], page: Path) -> int:
    """Render the page in a process of its own; return the bytes of memory that it took at its peak."""
    if sys.platform != "linux":
        pytest.skip("a process's own peak is read from /proc")
    began = time.perf_counter()
    command = [sys.executable, "-c", MEASURED, "report", *map(str, files), "-o", str(page)]
    environment = {name: value for name, value in os.environ.items() if not name.startswith("COVERAGE")}
    done = subprocess.run(command, check=False, capture_output=True, text=True, env=environment)
    took_s = time.perf_counter() - began
    assert done.returncode == 0, done.stderr
    told = re.search(r"^peak (\d+)$", done.stdout, re.MULTILINE)
    assert told is not None, done.stdout
    print(f"{page.stat().st_size / 1e6:.2f} MB in {took_s:.1f} s, {int(told[1]) / 1e6:.0f} MB at the peak")  # noqa: T201 - the figures
    return int(told[1])


def test_the_study_of_six_pythons() -> None:
    """The reference study has six, free-threaded builds among them, and its page, as it is here, has at most 2 MB."""
    runs = [load(path) for path in REFERENCE.glob("cp*.json")]
    assert len({one.tag for run in runs if (one := run.environment)}) == 6
    page = REFERENCE / "index.html"
    assert page.stat().st_size <= MOST_BYTES
    text = page.read_text("utf-8")
    assert all(run.label in text for run in runs)


@pytest.mark.parametrize("results", [2_000, pytest.param(50_000, marks=pytest.mark.soak)])
def test_many_results(results: int, tmp_path: Path) -> None:
    """A run of fifty thousand is read and shown in a gigabyte; the table has each of them, the figures the first."""
    run = json.loads((REFERENCE / "cp314-linux-x86_64.json").read_text("utf-8"))
    few = run["benchmarks"]
    run["benchmarks"] = [
        {**few[place % len(few)], "fullname": f"{few[place % len(few)]['fullname']} {place // len(few)}"}
        for place in range(results)
    ]
    path, page = tmp_path / "large.json", tmp_path / "index.html"
    with path.open("w", encoding="utf-8") as file:
        json.dump(run, file)
    assert rendered([path], page) <= MOST_PEAK_BYTES[results]
    assert f"{results:,}" in page.read_text("utf-8")
