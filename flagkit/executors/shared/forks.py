"""What a fork must not share: arrays that arrived in mapped memory stay private to the parent and to the child.

Without this, a child that is forked (by a pool, by `os.fork`, by a task) and its parent would see each other's writes
to every array that the parent has received, which neither would if the arrays lay in ordinary memory.
"""

import os

from flagkit.executors.shared import memory

__all__ = ["follow"]


_following = False


def follow() -> None:
    """See to each fork of this process and of its children from now on."""
    global _following  # noqa: PLW0603 - one registration a process, which forked children inherit
    if not _following:
        _following = True
        os.register_at_fork(before=_before, after_in_child=_in_child, after_in_parent=memory.lending.release)


def _before() -> None:
    memory.lending.acquire()
    for one in list(memory.lent.values()):
        one.make_private()


def _in_child() -> None:
    try:
        for reference in list(memory.opened.values()):
            one = reference()
            if one is not None and not one.is_for_good:
                one.inherit()
    finally:
        memory.lending.release()
