"""SharedMemoryExecutor: what a process pool costs when large data travels through shared memory."""

from flagkit.executors.shared.executor import SharedMemoryExecutor
from flagkit.executors.shared.memory import GoneError, missing
from flagkit.executors.shared.sharing import Shared, share

__all__ = ["GoneError", "Shared", "SharedMemoryExecutor", "missing", "share"]
