"""Load the instrument for every pytest run of this repository: the benchmarks in bench/ and the tests in tests/."""

import sys
from pathlib import Path

# At the end of the path: an installed flagkit (the wheel under test) is found before the one that lies here,
# while bench, which no wheel holds, is found at all.
sys.path.append(str(Path(__file__).parent))

pytest_plugins = ["bench.instrument.plugin"]
