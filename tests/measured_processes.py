"""Have coverage start in every child process of the tests, as it does by itself, and in no subinterpreter.

Coverage leaves a .pth file that each interpreter reads as it starts, subinterpreters too. Several of them that import
coverage at once end CPython 3.14 with an abort ("Fatal Python error: Aborted", in free()) now and then,
and what they run is not measured anyhow. Nor does it start in helpers of multiprocessing, in workers that it starts by
spawn or forkserver, and in those of other libraries: to start it takes longer than most of them live, and what they run
of ours forked workers run as well, which are measured.
"""

import sys
import sysconfig
from pathlib import Path

PTH = Path(sysconfig.get_path("purelib")) / "a1_coverage.pth"
OTHERS = ("resource_tracker import", "forkserver import main", "spawn import spawn_main", "loky.backend")
START = " and ".join(
    (
        'import os, sys, _interpreters; os.getenv("COVERAGE_PROCESS_CONFIG")',
        "not _interpreters.get_current()[0]",
        *(f'"{name}" not in " ".join(sys.orig_argv)' for name in OTHERS),
        '__import__("coverage").process_startup()\n',
    )
)

if __name__ == "__main__" and sys.version_info >= (3, 14):  # there is no InterpreterPoolExecutor before
    PTH.read_bytes()  # it is the name that coverage uses, or there would be two
    PTH.write_text(START, "utf-8")
