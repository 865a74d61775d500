"""SharedMemoryExecutor passes CPython's own tests of process pools, where the Python ships them."""

import json
import multiprocessing
import subprocess
import sys
from pathlib import Path

import pytest

from flagkit.executors.shared import missing

if reason := missing():
    pytest.skip(reason, allow_module_level=True)

SUITE = Path(__file__).with_name("cpython_suite.py")


@pytest.mark.cpython
def test_cpythons_tests_pass(capsys: pytest.CaptureFixture[str]) -> None:
    """Each of them passes or says why it does not apply, by every start method; the counts are printed."""
    commands = [[sys.executable, str(SUITE), method] for method in multiprocessing.get_all_start_methods()]
    started = [subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE) for command in commands]
    ended = [(process.communicate(timeout=280), process.returncode) for process in started]
    for (out, err), status in ended:
        assert out, err.decode()
        report = json.loads(out)
        with capsys.disabled():
            print(f"\nCPython's tests on shared: {report}")  # noqa: T201 - what the run is for
        if "missing" in report:
            pytest.skip(f"this Python does not ship them: {report['missing']}")
        assert status == 0, err.decode()
        assert report["run"] == report["passed"] + len(report["not applicable"]) > 0
