"""SharedMemoryExecutor: a ProcessPoolExecutor for which a large array costs one copy each way; and share().

The memory is anonymous (memfd_create). It has no name in /dev/shm, so nothing can be left there, whoever is killed and
when, no resource tracker has to watch it, and a small /dev/shm, as in a container, does not limit it: the system frees
it with the last process that has it open or mapped. Processes find each other's through /proc/PID/fd. Other platforms
lack that, and the kind is unavailable there, with the reason (`missing`).

    memory     a piece of it: reserved before it is written to, mapped, lent for as long as a view lives
    pool       what an executor's parent owns and reuses, since fresh pages cost more than a copy
    transport  an object as a pickle, its buffers in memory and its stream there too if it is long
    parcels    a call on its way to a worker, whole if it is small and plain
    leases     what a task has borrowed of the pool on its way; in the parent
    tasks      the call that arrives, its run and the reply; in the worker
    executor   ProcessPoolExecutor's interface
    sharing    handles of what is in shared memory for good
    workers    the start of a worker, which ends with its parent
    contexts   what the executor makes its queues of
    calls      the queue that calls go by
    results    the queue that results come by
    messages   what both send: whole, so that nothing is locked and no kill divides one
    semaphores what counts the places for calls
    forks      what keeps received arrays private to parent and child when a process forks

Of ProcessPoolExecutor only what is public is used, with four exceptions: its `_call_queue` is replaced, and told of
what could not be pickled, before anybody uses it (executor, calls), it asks the queue of its results for `_reader`
(results), the pool's size is read from `_max_workers`, whose default differs by version, and its futures, which it
makes itself, get a subclass, with what asyncio asks them for since 3.15 (executor).
"""

from flagkit.executors.shared.executor import SharedMemoryExecutor
from flagkit.executors.shared.memory import GoneError, missing
from flagkit.executors.shared.sharing import Shared, share

__all__ = ["GoneError", "Shared", "SharedMemoryExecutor", "missing", "share"]
