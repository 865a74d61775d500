"""The script that draws live charts. Bundling it takes seconds, and the GIL: a process may do it beside other work."""

import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Final

_ENTRY: Final = "window.vegaEmbed = vegaEmbed;"
_PROGRAM: Final = """
import sys, vl_convert
sys.stdout.buffer.write(vl_convert.javascript_bundle(sys.argv[1]).encode())
"""


def bundle() -> str:
    """Return Vega with its expression interpreter, as vl-convert bundles it.

    Its `vegaEmbed` with `ast: true` evaluates no text as code, so the page's policy need not allow that.
    """
    import vl_convert  # noqa: PLC0415 - who draws nothing need not have it

    return vl_convert.javascript_bundle(_ENTRY)


@contextmanager
def bundling() -> Iterator[Callable[[], str]]:
    """Begin to bundle in a process of its own; what is yielded returns the bundle, once, when it is made.

    It is made here if the process fails, which then says why. What nobody has asked for by the end is given up.
    """
    command = [sys.executable, "-c", _PROGRAM, _ENTRY]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL) as process:  # noqa: S603

        def made() -> str:
            text, _ = process.communicate()
            return text.decode() if process.returncode == 0 else bundle()

        try:
            yield made
        finally:
            process.kill()
