"""SharedMemoryExecutor: what a process pool costs when large data travels through shared memory."""

from flagkit.executors.shared.executor import SharedMemoryExecutor
from flagkit.executors.shared.memory import missing

__all__ = ["SharedMemoryExecutor", "missing"]
