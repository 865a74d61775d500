"""One object from here to there: what is large goes through memory, the rest of its pickle in a message.

A pickle of protocol 5 is a stream and buffers beside it. Buffers of at least `min_bytes` are copied into memory, and
the receiver's objects use them in place; smaller ones, for which that costs more than it saves, stay in the stream.
The stream itself is written into memory as it is made, once it is longer than `min_bytes`: a large bytes object is
copied once, by the pickler's own write.
"""

import pickle
import sys
from collections.abc import Callable
from dataclasses import dataclass
from itertools import pairwise
from multiprocessing.reduction import ForkingPickler
from typing import Any, Final, TypeAlias

from flagkit.executors.shared.memory import Memory

__all__ = ["MIN_BYTES", "Packed", "Packing", "is_plain", "pack", "unpack"]

MIN_BYTES = 128 * 1024
"""Below it a message takes less time than memory, there and back (bench_transport's test_min_bytes)."""
ALIGNMENT = 64
"""Of the start of each buffer, in bytes: a cache line, and the widest vector that a processor loads."""

PLAIN: Final = frozenset({type(None), bool, float, complex})
NUMBERS: Final = frozenset({*range(17), 23})
"""Of numpy's dtypes: truth values, integers, real and complex numbers, each of any width."""
WORD_BITS: Final = 64
MAX_UTF8: Final = 3
"""Bytes that a character of text takes in a pickle, at most for all but a few."""
NOTHING: Final = memoryview(b"")

Span: TypeAlias = tuple[int, int]
"""Where something begins in the memory, and how many bytes it takes."""
Taking: TypeAlias = Callable[[int], Memory]
"""Asked, at most once, for memory that is about to need so many bytes."""
Refusal: TypeAlias = Callable[[OSError], object]
"""Told that the system has no memory; all of it goes in the message then."""
Packing: TypeAlias = tuple[bytes | Span, tuple[bytearray | Span, ...], bool]
"""What travels of a `Packed`: all of it."""


@dataclass(slots=True)
class Packed:
    """An object as it travels; without a span in it, all of it goes in the message."""

    stream: bytes | Span
    buffers: tuple[bytearray | Span, ...]
    is_back: bool = False
    """Whether the spans are in the memory that the arguments came in, where the buffers have been left."""

    @property
    def is_in_memory(self) -> bool:
        """Whether the receiver has to look into the memory."""
        return isinstance(self.stream, tuple) or any(isinstance(buffer, tuple) for buffer in self.buffers)

    @property
    def packing(self) -> Packing:
        """Return what travels of it."""
        return self.stream, self.buffers, self.is_back

    def copied(self, copy: Callable[[int, int], bytearray]) -> "Packed":
        """Return the same with `copy(start, size)` in place of each span."""
        stream = bytes(copy(*self.stream)) if isinstance(self.stream, tuple) else self.stream
        buffers = [copy(*buffer) if isinstance(buffer, tuple) else buffer for buffer in self.buffers]
        return Packed(stream, tuple(buffers))

    def moved(self, source: Memory, take: Taking, refused: Refusal) -> "Packed":
        """Return the same with the buffers, which are in `source`, copied to memory that `take` gives."""
        with source.writable() as view:
            buffers = [view[buffer[0] : sum(buffer)] for buffer in self.buffers if isinstance(buffer, tuple)]
            moved = Packed(self.stream, _Sink(take, 0, refused).place(buffers))
            for buffer in buffers:
                buffer.release()
        return moved


def is_plain(value: Any, min_bytes: int) -> bool:
    """Return whether it takes no pickling to see that a value is small and nothing can go wrong with it."""
    kind = type(value)
    if kind in PLAIN:
        return True
    if kind is bytes:
        return bool(len(value) < min_bytes)
    if kind is str:
        return bool(len(value) < min_bytes // MAX_UTF8)
    if kind is int:
        return bool(value.bit_length() <= WORD_BITS)
    array = getattr(sys.modules.get("numpy"), "ndarray", None)  # which another thread may be importing
    return kind is array and _is_plain_array(value, min_bytes)


def _is_plain_array(array: Any, min_bytes: int) -> bool:
    """Return whether an array of numbers arrives the same in band, by any protocol: small, writable, in C order."""
    dtype = array.dtype
    is_of_numbers = dtype.num in NUMBERS and dtype.isnative and dtype.metadata is None
    return bool(is_of_numbers and array.nbytes < min_bytes and array.flags.carray)


def pack(value: Any, take: Taking, min_bytes: int, refused: Refusal, arrived: Memory | None = None) -> Packed:
    """Pickle `value`, with the reducers that multiprocessing adds to those of pickle.

    What is told of a refusal must not be kept: the frames of the executor would be kept with it, in a cycle. If all
    buffers are in the memory `arrived`, they are left there. Raises whatever pickling raises.
    """
    sink = _Sink(take, min_bytes, refused)
    buffers: list[memoryview] = []

    def is_in_band(buffer: pickle.PickleBuffer) -> bool:
        try:
            raw = buffer.raw()
        except BufferError:  # not contiguous: the pickler says so itself
            return True
        if raw.nbytes < min_bytes:
            return True
        buffers.append(raw)
        return False

    # Positional, as ForkingPickler passes them on to pickle.Pickler: file, protocol, fix_imports, buffer_callback
    ForkingPickler(sink, 5, True, is_in_band).dump(value)  # noqa: FBT003
    if buffers and arrived is not None and not sink.is_streaming and (spans := _spans(buffers, arrived)):
        return Packed(sink.finish(), spans, is_back=True)
    places = sink.place(buffers) if buffers else ()
    return Packed(sink.finish(), places)


def _spans(buffers: list[memoryview], memory: Memory) -> tuple[Span, ...]:
    """Return where in the memory the buffers are, nothing unless it is worth its while to send them back there.

    Two that overlap have to arrive apart, and a small piece must not keep much memory from being used again.
    """
    spans = [(memory.offset(buffer), buffer.nbytes) for buffer in buffers]
    in_order = sorted(spans)
    is_apart = all(start + size <= after for (start, size), (after, _) in pairwise(in_order))
    is_aligned = all(start >= 0 and start % ALIGNMENT == 0 for start, _ in spans)
    is_most = 2 * sum(size for _, size in spans) >= memory.capacity
    return tuple(spans) if is_apart and is_aligned and is_most else ()


def unpack(packed: Packed, view: memoryview = NOTHING) -> Any:
    """Return the object; its buffers are slices of `view`, which is the memory's, and live as long as the object."""

    def found(span: Span) -> memoryview:
        return view[span[0] : sum(span)]

    stream = found(packed.stream) if isinstance(packed.stream, tuple) else packed.stream
    buffers = [found(buffer) if isinstance(buffer, tuple) else buffer for buffer in packed.buffers]
    return pickle.loads(stream, buffers=buffers)  # noqa: S301 - from our own worker or parent


class _Sink:
    """The file into which a pickler writes: a list of pieces first, memory from `min_bytes` on."""

    def __init__(self, take: Taking, min_bytes: int, refused: Refusal) -> None:
        self._take = take
        self._min_bytes = min_bytes
        self._refused = refused
        self._pieces: list[bytes] = []
        self._size = 0
        self._taken: Memory | None = None
        self._target: Memory | None = None  # into which the stream goes
        self._is_refused = False

    @property
    def is_streaming(self) -> bool:
        """Whether the stream goes into memory."""
        return self._target is not None

    def write(self, data: Any) -> int:
        """Take the next piece; the pickler hands over large bytes objects as they are, without copying them."""
        with memoryview(data) as piece:
            end = self._size + piece.nbytes
            if self._target is None and end >= self._min_bytes:
                self._target = self._begin(end)
            elif self._target is not None and end > self._target.capacity:
                self._target = self._grow(self._target, end)
            if self._target is None:
                self._pieces.append(data if isinstance(data, bytes) else piece.tobytes())
            else:
                with self._target.writable() as view:
                    view[self._size : end] = piece
            self._size = end
            return piece.nbytes

    def place(self, buffers: list[memoryview]) -> tuple[bytearray | Span, ...]:
        """Copy the buffers into memory, behind what is streamed there, and return where they are."""
        spans: list[Span] = []
        end = 0 if self._target is None else self._size
        for buffer in buffers:
            start = -(-end // ALIGNMENT) * ALIGNMENT
            end = start + buffer.nbytes
            spans.append((start, buffer.nbytes))
        memory = self._reserved(end)
        if memory is None:
            return tuple(bytearray(buffer) for buffer in buffers)
        with memory.writable() as view:
            for (start, size), buffer in zip(spans, buffers, strict=True):
                view[start : start + size] = buffer
        return tuple(spans)

    def finish(self) -> bytes | Span:
        """Return the stream, or where in the memory it is."""
        if self._target is not None:
            return 0, self._size
        return self._pieces[0] if len(self._pieces) == 1 else b"".join(self._pieces)

    def _begin(self, end: int) -> Memory | None:
        memory = self._reserved(end)
        if memory is not None and self._pieces:
            gathered = b"".join(self._pieces)  # shorter than min_bytes
            self._pieces.clear()
            with memory.writable() as view:
                view[: len(gathered)] = gathered
        return memory

    def _grow(self, target: Memory, end: int) -> Memory | None:
        # Twice as much each time, where that is to be had: growing maps anew what is mapped already
        memory = self._reserved(max(end, 2 * target.capacity), end)
        if memory is None:
            with target.writable() as view:
                self._pieces = [view[: self._size].tobytes()]
        return memory

    def _reserved(self, *sizes: int) -> Memory | None:
        """Return the memory with the first of these sizes that is to be had, None without any."""
        for size in () if self._is_refused else sizes:
            try:
                if self._taken is None:
                    self._taken = self._take(size)
                self._taken.reserve(size)
            except OSError as error:
                if size == sizes[-1]:
                    self._is_refused = True
                    self._refused(error)
            else:
                return self._taken
        return None
