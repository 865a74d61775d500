"""A task at its worker: the call that arrives, the run, and the reply."""

import pickle
import sys
from collections import OrderedDict
from collections.abc import Callable, Mapping
from functools import partial
from typing import Any, NoReturn, TypeAlias

from flagkit.executors.shared import workers
from flagkit.executors.shared.leases import Loan, Loans, deliver, deliver_plain, deliver_small, receive
from flagkit.executors.shared.memory import Memory, Reference
from flagkit.executors.shared.sharing import leaving, send
from flagkit.executors.shared.transport import Packed, Packing, is_plain, pack, unpack

__all__ = ["Delivery", "Named", "Reply", "prepare"]

ATTACHED_AT_MOST = 64
"""How many pieces of the parent's memory a worker keeps mapped between tasks."""

Naming: TypeAlias = tuple[str, str, tuple[Any, ...], Mapping[str, Any]]
"""A call by the function's module and name, with its arguments."""
Opened: TypeAlias = tuple[Callable[..., Any], tuple[Any, ...], Mapping[str, Any]]

_attached: OrderedDict[Reference, Memory] = OrderedDict()


class Delivery:
    """A call that has arrived; unpickled when called, so that what fails there is an error of its future alone."""

    __slots__ = ("_arguments", "_call", "_loans", "_made", "_reply")

    def __init__(self, call: bytes | Packing | Naming, loans: Loans | None = None) -> None:
        self._call = call
        self._loans = loans
        self._arguments: Memory | None = None
        self._reply: Memory | None = None
        self._made: Memory | None = None

    def __call__(self) -> Any:
        """Run the call, in the worker, and return what is to be sent."""
        try:
            fn, args, kwargs = self._open()
            value = fn(*args, **kwargs)
        except BaseException:
            self.take_over()
            raise
        return value if self._loans is None else Reply(self, value)

    def _open(self) -> Opened:
        """Return the function and its arguments; to be called once."""
        call, self._call = self._call, b""
        opened: Opened
        if isinstance(call, bytes):
            opened = pickle.loads(call)  # noqa: S301 - from our own parent
        elif isinstance(call[0], str):
            module, name, args, kwargs = call
            opened = _named(module, name), args, kwargs
        elif self._loans is None or self._loans[1] is None:
            opened = unpack(Packed(*call))
        else:
            self._arguments = _attach(self._loans[1])
            opened = receive(Packed(*call), self._arguments, _stay)
        return opened

    def reply(self, value: list[Any]) -> tuple[Any, ...]:
        """Return how the result, which is taken out of the list `value`, is delivered: a function and its arguments."""
        origin = workers.origin()
        if self._loans is not None and is_plain(value[0], origin.min_bytes):  # which saves a pickle within the pickle
            return deliver_plain, (self._loans[0], value.pop(), self._let_go())
        refusals: list[str] = []

        def refused(error: OSError) -> None:
            refusals.append(error.strerror or str(error))

        with leaving(origin.passage) as handles:
            packed = pack(value[0], self._take, origin.min_bytes, refused, self._arguments)
        value.clear()  # if it is an argument, that may have been the last view
        if packed.is_back and self._arguments is not None and self._is_kept:
            packed = packed.moved(self._arguments, self._take, refused)
        made = None
        if self._made is not None:
            packed, made = self._hand_over(self._made, packed, refused)
        if self._loans is None and isinstance(packed.stream, bytes) and not (packed.buffers or handles or refusals):
            return deliver_small, (packed.stream,)
        token = None if self._loans is None else self._loans[0]
        capacity = 0 if self._reply is None else self._reply.capacity
        outcome = self._let_go(), bool(handles), refusals[0] if refusals else None, made
        return deliver, (origin.number, token, packed.packing, capacity, outcome)

    def take_over(self) -> None:
        """Make the arguments' memory this worker's own: to be freed as soon as no view of it lives."""
        memory, self._arguments = self._arguments, None
        if memory is not None and self._loans is not None and self._loans[1] is not None:
            _attached.pop(self._loans[1][0], None)
            memory.returned = Memory.discard
            if not memory.is_lent:
                memory.discard()

    def _let_go(self) -> bool:
        """Return whether views of the arguments live on; their memory is this worker's own then."""
        is_kept = self._is_kept
        if is_kept:
            self.take_over()
        return is_kept

    @property
    def _is_kept(self) -> bool:
        """Whether views of the arguments live; if none does, none can ever again."""
        return self._arguments is not None and (self._arguments.is_lent or self._arguments.is_copied_by_fork)

    def _take(self, _: int) -> Memory:
        if self._loans is None or self._loans[2] is None:
            self._made = Memory.create()
            return self._made
        self._reply = _attach(self._loans[2])
        return self._reply

    @staticmethod
    def _hand_over(made: Memory, packed: Packed, refused: Callable[[OSError], object]) -> tuple[Packed, int | None]:
        """Send the parent the memory that was made for the result; return how that arrives, and the inode."""
        inode = None
        if packed.is_in_memory:
            try:
                send(workers.origin().passage, [made.descriptor])
                inode = made.inode
            except OSError as error:
                refused(error)
                packed = packed.copied(made.copy)
        made.close()
        return packed, inode


class Named:
    """A function that travels as its module and name, and is there when it arrives: for a call that borrows nothing."""

    __slots__ = ("_name",)

    def __init__(self, module: str, name: str) -> None:
        self._name = module, name

    def __call__(self) -> Any:
        """Never called: what arrives at the worker is the function."""
        raise NotImplementedError

    def __reduce__(self) -> tuple[Any, ...]:
        return _found, self._name


class Reply:
    """A result on its way to the parent, pickled when the worker sends it: as a call of `deliver`."""

    __slots__ = ("_delivery", "_value")

    def __init__(self, delivery: Delivery, value: Any) -> None:
        self._delivery = delivery
        self._value = [value]

    def __reduce_ex__(self, _: object) -> tuple[Any, ...]:
        try:
            return self._delivery.reply(self._value)
        except BaseException:
            self._value.clear()
            self._delivery.take_over()
            raise


def prepare(item: Any) -> None:
    """Make what a worker is about to send fit to be sent: pack what may be large, refuse what cannot be unpickled.

    `item` is the executor's own, with a `result` or an `exception`; or a number, by which a worker says that it ends.
    """
    if isinstance(item, int):
        return
    if item.exception is not None:
        _check(item.exception)
    elif not isinstance(item.result, Reply) and not is_plain(item.result, workers.origin().min_bytes):
        item.result = Reply(Delivery(b""), item.result)


def _found(module: str, name: str) -> Callable[..., Any]:
    """Return the function, or one that raises what keeps it from being found, which here would end the worker."""
    try:
        return _named(module, name)
    except BaseException as error:  # noqa: BLE001 - whatever its module raises
        return partial(_fail, error)


def _fail(error: BaseException, *_: Any, **__: Any) -> NoReturn:
    raise error


def _named(module: str, name: str) -> Callable[..., Any]:
    __import__(module)  # which waits for another thread that is importing it
    found: Callable[..., Any] = getattr(sys.modules[module], name)
    return found


def _check(sent: Any) -> None:
    """Raise UnpicklingError for an exception that pickles, but cannot be unpickled: that would end the pool.

    `sent` is what the executor makes of it: the exception, and its traceback as text.
    """
    if reason := _unpickling_error(sent):
        error = pickle.UnpicklingError(f"the task raised {sent.exc!r}, which cannot be unpickled: {reason!r}")
        error.add_note(sent.tb)
        raise error from sent.exc


def _unpickling_error(error: Any) -> Exception | None:
    """Return what would go wrong when the parent unpickles an exception, which would break the whole pool there."""
    try:
        pickled = pickle.dumps(error)
    except Exception:  # noqa: BLE001 - whatever it is, the executor sends that in its place
        return None
    try:
        pickle.loads(pickled)  # noqa: S301 - made a moment ago
    except Exception as reason:  # noqa: BLE001 - anything can be in there
        return reason
    return None


def _attach(loan: Loan) -> Memory:
    reference, capacity = loan
    memory = _attached.pop(reference, None) or Memory.open(reference)
    memory.capacity = max(memory.capacity, capacity)
    _attached[reference] = memory
    if len(_attached) > ATTACHED_AT_MOST:
        _attached.popitem(last=False)
    return memory


def _stay(_: Memory) -> None:
    """Leave the memory where it is: mapped, for the next task that comes in it."""
