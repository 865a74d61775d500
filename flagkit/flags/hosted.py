"""`python -m flagkit.flags.hosted JSON`: the process of a FlagServer, which ends when its parent does.

It writes one line of JSON to stdout when it is ready, or when it cannot be: {"port": ...} or {"error": ...}.
"""

import json
import os
import sys
import threading
import time
from collections.abc import Callable
from contextlib import suppress
from typing import Any

from flagkit.flags.behaviour import Behaviour, Hosted
from flagkit.flags.serving import FlagUvicorn, PortError, serve

__all__ = ["main"]

LOOK_EVERY_S = 0.5


def main(arguments: list[str]) -> int:
    """Serve what the one argument describes until stdin ends; return the exit status."""
    wanted = json.loads(arguments[0])
    try:
        serve([_hosted(wanted)], _ready)
    except PortError as error:
        _tell({"error": str(error)})
        return 2
    return 0


def _hosted(wanted: dict[str, Any]) -> Hosted:
    behaviour = dict(wanted["behaviour"])
    shortest_s, longest_s = behaviour.pop("delay_s")
    return Hosted(
        wanted["label"],
        Behaviour(delay_s=(shortest_s, longest_s), **behaviour),
        port=wanted["port"],
        embedded=True,
    )


def _ready(server: FlagUvicorn, served: list[Hosted]) -> None:
    def end_after(wait: Callable[[], None]) -> None:
        wait()
        server.should_exit = True

    for wait in (_stdin_ended, _parent_gone):
        threading.Thread(target=end_after, args=(wait,), daemon=True).start()
    _tell({"port": served[0].port})


def _stdin_ended() -> None:
    """Wait for the end of stdin: the parent closed it, or has died, however it did."""
    while os.read(sys.stdin.fileno(), 1):
        pass


def _parent_gone(parent: int = os.getppid()) -> None:
    """Wait until the parent is another (POSIX): forked children of it may hold stdin open after its death."""
    while os.getppid() == parent:
        time.sleep(LOOK_EVERY_S)


def _tell(message: dict[str, Any]) -> None:
    with suppress(BrokenPipeError):  # a parent that has gone meanwhile needs no answer, and stdin has ended too
        os.write(sys.stdout.fileno(), f"{json.dumps(message)}\n".encode())


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
