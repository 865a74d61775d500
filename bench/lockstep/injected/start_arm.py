"""Start pytest as an arm: python start_arm.py DESCRIPTOR [ARGUMENT OF PYTEST ...].

It is a script, not `-m pytest -p ...`, so that the arm finds its own modules just as `pytest` does: this folder stands
on the path only until the plugin is imported, and no variable of the environment is needed for that.
"""

import atexit
import os
import sys
import threading
from typing import NoReturn


def main() -> int:
    """Run pytest with the plugin that answers the controller at the socket DESCRIPTOR; returns its exit status."""
    descriptor, *arguments = sys.argv[1:]
    sys.argv[1:] = arguments
    try:
        import pytest  # noqa: PLC0415 - a spawned child imports this script, and needs none of it
        from lockstep_arm.channel import Channel  # type: ignore[import-not-found]  # noqa: PLC0415
        from lockstep_arm.plugin import ArmPlugin  # type: ignore[import-not-found]  # noqa: PLC0415
    except ModuleNotFoundError as error:
        print(f"{error.name} is not installed", file=sys.stderr)  # noqa: T201 - the controller reads it
        return 2
    sys.path.pop(0)
    return int(pytest.main(arguments, plugins=[ArmPlugin(Channel.inherited(int(descriptor)))]))


def leave(status: int) -> NoReturn:
    """End the process as Python does, up to where it takes apart all that it has imported: nobody needs that here.

    It takes as long as many benchmarks do, in each generation. Threads have been waited for by then, and what is to be
    done at exit has been done.
    """
    threading._shutdown()  # type: ignore[attr-defined]  # noqa: SLF001 - what Python calls, under no public name
    atexit._run_exitfuncs()  # noqa: SLF001 - likewise
    for stream in (sys.stdout, sys.stderr):
        stream.flush()
    os._exit(status)


if __name__ == "__main__":
    leave(main())
