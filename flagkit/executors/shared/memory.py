"""A piece of memory that processes can map: an anonymous file (memfd), its mapping here, and what is lent of it.

The mapping is made with the C library's mmap rather than with the module of that name, which duplicates the descriptor
and cannot map over what is mapped already, as is needed before a fork (see `flagkit.executors.shared.forks`).
"""

import ctypes
import itertools
import mmap
import os
import sys
import threading
import weakref
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any, TypeAlias

__all__ = ["GoneError", "Memory", "Reference", "lent", "missing", "opened"]

Reference: TypeAlias = tuple[int, int, int]
"""How another process finds an open memory: process id and descriptor of one that has it open, and the inode."""

MAP_FIXED = 0x10  # which the mmap module does not name; the same on each architecture that CPython supports on Linux
STEPS = 16  # capacities have this many steps to a power of two, so that payloads of about the same size fit


class GoneError(LookupError):
    """The process that is said to have the memory open has let go of it."""


def missing() -> str | None:
    """Return what this platform lacks for memory of this kind, or None."""
    if not hasattr(os, "memfd_create"):
        return f"{sys.platform} has no memory without a name (memfd_create)"
    return None if Path("/proc/self/fd").exists() else "/proc, where processes find each other's memory, is not mounted"


def _c_library() -> ctypes.CDLL:
    library = ctypes.CDLL(None, use_errno=True)
    library.mmap.restype = ctypes.c_void_p
    library.mmap.argtypes = (ctypes.c_void_p, ctypes.c_size_t, ctypes.c_int, ctypes.c_int, ctypes.c_int, ctypes.c_long)
    library.munmap.argtypes = (ctypes.c_void_p, ctypes.c_size_t)
    return library


_libc: Any = _c_library() if missing() is None else None
_POPULATE = getattr(mmap, "MAP_POPULATE", 0)
_FAILED = ctypes.c_void_p(-1).value
_serial = itertools.count()

# Both are changed by single operations of a dict, which no thread can see half done.
lent: dict[int, "Memory"] = {}
"""By serial number what views of this process live in, kept from being unmapped."""
opened: dict[int, "weakref.ref[Memory]"] = {}
"""By serial number all that is open in this process."""
lending = threading.RLock()
"""Held while what views live in is mapped, and from before a fork until after it: what were lent meanwhile would go on
being shared with the child."""


class Memory:
    """A memfd that is open here, mapped when first used.

    Not for several threads at once, but for `view_for_good`: whoever has taken one from a pool is its only user, until
    it is put back.
    """

    def __init__(self, descriptor: int, capacity: int = 0) -> None:
        self.serial = next(_serial)
        self.descriptor = descriptor
        self.inode = os.fstat(descriptor).st_ino
        self.reference: Reference = (os.getpid(), descriptor, self.inode)
        """How another process can open it, as long as this process has it open."""
        self.capacity = capacity
        """Bytes that are reserved: writing to them cannot fail."""
        self.returned: Callable[[Memory], object] = Memory.close
        self.is_for_good = False
        """Whether it goes on being shared in a forked child."""
        self.is_copied_by_fork = False
        """Whether a fork has made the mapping private: others may still read what is in the file."""
        self._address = 0
        self._mapped = 0
        self._watch: weakref.ref[object] | None = None
        opened[self.serial] = weakref.ref(self, partial(_forget, self.serial))

    @classmethod
    def create(cls) -> "Memory":
        """Return a new memory without any bytes. OSError where there are no descriptors left."""
        return cls(os.memfd_create("flagkit", os.MFD_CLOEXEC))

    @classmethod
    def open(cls, reference: Reference) -> "Memory":
        """Return what another process has open; GoneError when it has not, any more."""
        process, descriptor, inode = reference
        try:
            opened_here = os.open(f"/proc/{process}/fd/{descriptor}", os.O_RDWR | os.O_CLOEXEC)
        except (FileNotFoundError, ProcessLookupError) as error:
            raise GoneError(f"process {process} has no such memory any more") from error
        memory = cls(opened_here)
        memory.capacity = os.fstat(opened_here).st_size
        if memory.inode != inode:
            memory.close()
            raise GoneError(f"process {process} has let go of that memory")
        return memory

    def reserve(self, size: int) -> None:
        """See to it that `size` bytes can be written; OSError where the system does not have them.

        Without this, a full system would end the writer with SIGBUS at the first page that it cannot have.
        """
        if size > self.capacity:
            step = max(mmap.PAGESIZE, (1 << (size - 1).bit_length()) // STEPS)
            rounded = -(-size // step) * step
            os.posix_fallocate(self.descriptor, 0, rounded)
            self.capacity = rounded

    def writable(self) -> memoryview:
        """Return a view of all that is reserved, to write to; it must not outlive what is done now."""
        self._map()
        return self._view(self._block())

    def lend(self, returned: Callable[["Memory"], object]) -> memoryview:
        """Return a view whose slices may live as long as their users like.

        When the last one has died, the attribute `returned` is called with this memory, in any thread.
        """
        with lending:
            self._map()
            self.returned = returned
            block = self._block()
            lent[self.serial] = self
            self._watch = weakref.ref(block, partial(_come_back, self.serial))
            return self._view(block)

    def view_for_good(self) -> memoryview:
        """Return a view that keeps this memory, however many processes have one, and that a fork goes on sharing."""
        with lending:  # several threads may be the first to look
            self._map(populate=0)  # whose pages this process will touch, nobody knows
            block = self._block()
        block.memory = self  # type: ignore[attr-defined]
        return self._view(block)

    def copy(self, start: int, size: int) -> bytearray:
        """Return a copy of some bytes, without mapping the memory."""
        copied = bytearray(size)
        with memoryview(copied) as view:
            at = 0
            while at < size:  # one call reads less than 2 GiB
                at += os.preadv(self.descriptor, [view[at:]], start + at)
        return copied

    def offset(self, view: memoryview) -> int:
        """Return at which byte of the mapping a view begins; -1 if it is not, as a whole, in there."""
        address = _address(view)
        start = address - self._address
        return start if self._address and 0 <= start <= self._mapped - view.nbytes else -1

    @property
    def is_lent(self) -> bool:
        """Whether a view that was lent lives."""
        return self.serial in lent

    def make_private(self) -> None:
        """Turn the mapping into one of this process's own, at the same place and with the same bytes.

        Both this process and one forked from it then have their own copy of whatever one of them writes to. Nothing is
        done where no view lives any more: another thread is about to take the memory back, and may unmap it.
        """
        block = self._watch() if self._watch is not None else None  # which keeps it lent, and so mapped, meanwhile
        if block is not None:
            if not self.is_copied_by_fork:
                self._mmap(self._address, mmap.MAP_PRIVATE | MAP_FIXED)
            self.is_copied_by_fork = True

    def inherit(self) -> None:
        """Let go of it in a forked child, whose parent goes on using it, but for what views of it see.

        If the last of these has died in another thread, which was about to take the memory back, nobody will here.
        """
        if self._watch is None or self._watch() is None:
            lent.pop(self.serial, None)
        self.is_copied_by_fork = True
        self.close()

    def discard(self) -> None:
        """Give all bytes back to the system, even if others have the memory mapped still, and close it."""
        if self.descriptor >= 0 and not self.is_copied_by_fork:
            os.ftruncate(self.descriptor, 0)
        self.close()

    def close(self) -> None:
        """Let go of it: the system frees it when the last process has done so. What is lent stays mapped."""
        if self.descriptor >= 0:
            descriptor, self.descriptor = self.descriptor, -1
            os.close(descriptor)
        if not self.is_lent:
            self._unmap()

    def __del__(self, is_at_exit: Callable[[], bool] = sys.is_finalizing) -> None:
        if not is_at_exit():  # when nothing of this module may be left, and the system frees all of it
            self.close()

    def _map(self, populate: int = _POPULATE) -> None:
        if self._mapped < self.capacity:
            self._unmap()
            # Populated at once: a page fault for every 4 KiB would cost more than the copy
            self._address = self._mmap(None, mmap.MAP_SHARED | populate, self.capacity)
            self._mapped = self.capacity

    def _mmap(self, address: int | None, flags: int, size: int | None = None) -> int:
        mapped = _libc.mmap(address, size or self._mapped, mmap.PROT_READ | mmap.PROT_WRITE, flags, self.descriptor, 0)
        if mapped == _FAILED:
            number = ctypes.get_errno()
            raise OSError(number, os.strerror(number))
        return int(mapped)

    def _unmap(self) -> None:
        if self._address:
            # Forgotten first: a child that another thread forks meanwhile would unmap what has come to that place since
            address, mapped, self._address, self._mapped = self._address, self._mapped, 0, 0
            _libc.munmap(address, mapped)

    def _block(self) -> "ctypes.Array[ctypes.c_char]":
        # A new object each time: it lives as long as any view of it does
        return (ctypes.c_char * self._mapped).from_address(self._address)

    @staticmethod
    def _view(block: "ctypes.Array[ctypes.c_char]") -> memoryview:
        return memoryview(block).cast("B")


def _address(view: memoryview) -> int:
    """Return where in this process a view begins, 0 if that is not to be known: for an empty one, or without numpy."""
    from_buffer = getattr(sys.modules.get("numpy"), "frombuffer", None)  # which another thread may be importing
    if from_buffer is None or not view.nbytes:
        return 0
    return int(from_buffer(view, "u1").__array_interface__["data"][0])


def _forget(serial: int, _: object) -> None:
    opened.pop(serial, None)


def _come_back(serial: int, _: object) -> None:
    memory = lent.pop(serial, None)
    if memory is not None:
        memory.returned(memory)
