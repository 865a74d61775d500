"""A task at its worker: the call that arrives, the run, and the reply."""

import pickle
from collections import OrderedDict
from collections.abc import Callable, Mapping
from typing import Any

from flagkit.executors.shared import workers
from flagkit.executors.shared.leases import Loan, deliver, deliver_plain, receive
from flagkit.executors.shared.memory import Memory, Reference
from flagkit.executors.shared.sharing import leaving
from flagkit.executors.shared.transport import Packed, Span, is_plain, pack, unpack

__all__ = ["Delivery", "Reply", "run"]

ATTACHED_AT_MOST = 64
"""How many pieces of the parent's memory a worker keeps mapped between tasks."""

_attached: OrderedDict[Reference, Memory] = OrderedDict()


class Delivery:
    """A call that has arrived; unpickled by `open`, so that what fails there is an error of its future alone."""

    __slots__ = ("_arguments", "_arguments_loan", "_min_bytes", "_packed", "_reply", "_reply_loan", "_token")

    def __init__(
        self,
        token: int,
        packed: tuple[bytes | Span, tuple[bytearray | Span, ...]],
        arguments: Loan | None,
        reply: Loan | None,
        min_bytes: int,
    ) -> None:
        self._token = token
        self._packed = Packed(*packed)
        self._arguments_loan = arguments
        self._reply_loan = reply
        self._min_bytes = min_bytes
        self._arguments: Memory | None = None
        self._reply: Memory | None = None

    def open(self) -> tuple[Callable[..., Any], tuple[Any, ...], Mapping[str, Any]]:
        """Return the function and its arguments; to be called once."""
        packed, self._packed = self._packed, Packed(b"", ())
        call: tuple[Callable[..., Any], tuple[Any, ...], Mapping[str, Any]]
        if self._arguments_loan is None:
            call = unpack(packed)
        else:
            self._arguments = _attach(self._arguments_loan)
            call = receive(packed, self._arguments, _stay)
        return call

    def reply(self, value: list[Any]) -> tuple[Any, ...]:
        """Return how the result, which is taken out of the list `value`, is delivered: a function and its arguments."""
        if is_plain(value[0], self._min_bytes):  # which saves a pickle within the pickle
            return deliver_plain, (self._token, value.pop(), self._let_go())
        refusals: list[str] = []

        def refused(error: OSError) -> None:
            refusals.append(error.strerror or str(error))

        with leaving(workers.passage()) as handles:
            packed = pack(value[0], self._take, self._min_bytes, refused)
        value.clear()  # if it is an argument, that may have been the last view
        capacity = 0 if self._reply is None else self._reply.capacity
        refusal = refusals[0] if refusals else None
        outcome = self._let_go(), bool(handles), refusal
        return deliver, (self._token, (packed.stream, packed.buffers), capacity, outcome)

    def _let_go(self) -> bool:
        """Return whether views of the arguments live on; their memory is this worker's own then."""
        is_kept = self._arguments is not None and (self._arguments.is_lent or self._arguments.is_copied_by_fork)
        if is_kept:
            self.take_over()
        return is_kept

    def take_over(self) -> None:
        """Make the arguments' memory this worker's own: to be freed as soon as no view of it lives."""
        memory, self._arguments = self._arguments, None
        if memory is not None and self._arguments_loan is not None:
            _attached.pop(self._arguments_loan[0], None)
            memory.returned = Memory.discard
            if not memory.is_lent:
                memory.discard()

    def _take(self, _: int) -> Memory:
        if self._reply_loan is None:
            raise OSError(0, "the parent had no memory to lend")
        self._reply = _attach(self._reply_loan)
        return self._reply


class Reply:
    """A result on its way to the parent, pickled when the worker sends it: as a call of `deliver`."""

    __slots__ = ("_delivery", "_value")

    def __init__(self, delivery: Delivery, value: Any) -> None:
        self._delivery = delivery
        self._value = [value]

    def __reduce__(self) -> tuple[Any, ...]:
        try:
            return self._delivery.reply(self._value)
        except BaseException:
            self._value.clear()
            self._delivery.take_over()
            raise


def run(delivery: Delivery) -> Reply:
    """Run a call that has arrived, in the worker."""
    try:
        fn, args, kwargs = delivery.open()
        value = fn(*args, **kwargs)
    except BaseException as error:
        delivery.take_over()
        if reason := _unpickling_error(error):
            raise pickle.UnpicklingError(f"the task raised {error!r}, which cannot be unpickled: {reason!r}") from error
        raise
    return Reply(delivery, value)


def _unpickling_error(error: BaseException) -> Exception | None:
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
