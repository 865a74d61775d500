"""A call on its way to a worker: pickled when the executor sends it, and at home once its future is there too."""

import sys
from collections.abc import Callable, Mapping
from concurrent.futures import Future
from types import FunctionType
from typing import Any

from flagkit.executors.shared.leases import Home, Lease
from flagkit.executors.shared.tasks import Delivery, Named
from flagkit.executors.shared.transport import is_plain

__all__ = ["Parcel", "named"]


class Parcel:
    """A call that a worker unpickles as a `Delivery`; the executor takes it for the function that it is to run."""

    __slots__ = ("_args", "_fn", "_home", "_kwargs", "_meeting")

    def __init__(self, home: Home, fn: Callable[..., Any], args: tuple[Any, ...], kwargs: Mapping[str, Any]) -> None:
        self._home = home
        self._fn = fn
        self._args = args
        self._kwargs = kwargs
        self._meeting: list[Future[Any] | Lease | None] = []

    def __call__(self) -> Any:
        """Never called: what arrives at the worker is another object."""
        raise NotImplementedError

    def __reduce_ex__(self, _: object) -> tuple[Any, ...]:
        home = self._home
        lease = Lease(home)
        if (named := _name(self._fn)) and _are_plain(self._args, self._kwargs, home.min_bytes):
            return Delivery, ((*named, self._args, self._kwargs), self._begin(lease))
        packed = lease.pack((self._fn, self._args, self._kwargs))
        if isinstance(packed.stream, bytes) and not packed.buffers:
            return Delivery, (packed.stream, self._begin(lease))
        return Delivery, (packed.packing, self._begin(lease))

    def meet(self, one: Future[Any] | Lease | None) -> None:
        """Bring the future together with the lease, if there is one, whichever comes last: the two end together.

        Afterwards neither is kept here, since a parcel may be the last to go, and a result with its future.
        """
        meeting = self._meeting
        meeting.append(one)
        pair = tuple(meeting)
        if len(pair) > 1:  # for both of them, if they come at once: a lease ends once
            meeting.clear()
            for future, lease in (pair, pair[::-1]):
                if isinstance(future, Future) and isinstance(lease, Lease):
                    future.add_done_callback(lease.end)

    def _begin(self, lease: Lease) -> Any:
        loans = lease.begin()
        self.meet(None if loans is None else lease)
        return loans


def named(home: Home, fn: Callable[..., Any], args: tuple[Any, ...], kwargs: Mapping[str, Any]) -> Named | None:
    """Return what is sent of the function where the call is small and plain and nothing has been lent: no parcel."""
    if home.memory.is_empty and (name := _name(fn)) and _are_plain(args, kwargs, home.min_bytes):
        return Named(*name)
    return None


def _name(fn: Callable[..., Any]) -> tuple[str, str] | None:
    """Return the module and the name by which a worker finds a function, if it is one that pickles as them."""
    if type(fn) is FunctionType:
        module, name = fn.__module__, fn.__qualname__
        if getattr(sys.modules.get(module), name, None) is fn:
            return module, name
    return None


def _are_plain(args: tuple[Any, ...], kwargs: Mapping[str, Any], min_bytes: int) -> bool:
    """Return whether all arguments are plain, and small together."""
    values = (*args, *kwargs.values()) if kwargs else args
    each = min_bytes // (len(values) or 1)
    for value in values:  # noqa: SIM110 - a generator takes as long as the rest
        if not is_plain(value, each):
            return False
    return True
