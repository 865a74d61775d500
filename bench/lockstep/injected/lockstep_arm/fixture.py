"""The ``benchmark`` fixture whose rounds the controller orders: when to run one, and of how many calls."""

from collections.abc import Callable
from typing import Any, ClassVar

from pytest_benchmark.fixture import BenchmarkFixture, PauseInstrumentation

from .channel import Channel
from .messages import Finish, Reached, Round, Timed


class DrivenFixture(BenchmarkFixture):
    """pytest-benchmark's fixture: same timer, same runner, same garbage collection; only the rounds are ordered.

    ``benchmark(f)``, ``pedantic`` and ``weave`` all end in one of the two methods that are replaced here.
    """

    is_driven: ClassVar[bool] = True
    channel: ClassVar[Channel]

    def _raw(self, function_to_benchmark: Callable[..., Any], *args: Any, **kwargs: Any) -> Any:
        if self.disabled:
            return super()._raw(function_to_benchmark, *args, **kwargs)
        runner = self._make_runner(function_to_benchmark, args, kwargs)

        def run_round(iterations: int) -> float:
            with PauseInstrumentation():
                return float(runner(range(iterations)))

        self._obey(run_round, iterations=1, is_fixed=False, warmup_rounds=0)
        return function_to_benchmark(*args, **kwargs)

    def _raw_pedantic(  # noqa: PLR0917 - as it is called
        self,
        target: Callable[..., Any],
        args: Any = (),
        kwargs: Any = None,
        setup: Callable[[], Any] | None = None,
        teardown: Callable[..., Any] | None = None,
        rounds: int = 1,
        warmup_rounds: int = 0,
        iterations: int = 1,
    ) -> Any:
        """Run rounds as often as the controller orders; `rounds` is not heeded.

        Each round is one of pytest-benchmark's own, with set-up and teardown. Where there is neither, more than
        `iterations` calls may be timed together.
        """
        options = {"args": args, "kwargs": kwargs, "setup": setup, "teardown": teardown, "rounds": rounds}
        is_fixed = self.disabled or setup is not None or teardown is not None
        if self.disabled:
            return super()._raw_pedantic(target, **options, warmup_rounds=warmup_rounds, iterations=iterations)
        options["rounds"] = 1
        last: list[Any] = []

        def run_round(iterations: int) -> float:
            if not is_fixed and iterations > 1:
                with PauseInstrumentation():
                    return float(self._make_runner(target, args, kwargs or {})(range(iterations)))
            self._durations = []
            last[:] = [super(DrivenFixture, self)._raw_pedantic(target, **options, iterations=iterations)]
            return float(self._durations[0])

        self._obey(run_round, iterations=iterations, is_fixed=is_fixed, warmup_rounds=warmup_rounds)
        return last[0] if last else target(*args, **(kwargs or {}))

    _durations: "list[float] | None" = None

    def _make_stats(self, iterations: int) -> Any:
        """Return where a round of pedantic's goes: this fixture, as long as the controller orders them."""
        return super()._make_stats(iterations) if self._durations is None else self

    def update(self, duration_s: float) -> None:
        """Note how long pedantic's round took."""
        if self._durations is not None:
            self._durations.append(duration_s)

    def _obey(self, run_round: Callable[[int], float], *, iterations: int, is_fixed: bool, warmup_rounds: int) -> None:
        channel = type(self).channel
        channel.send(Reached(iterations, is_fixed, warmup_rounds, self.extra_info.get("workers")))
        timed: list[tuple[int, float]] = []
        while isinstance(order := channel.receive(), Round):
            seconds = run_round(order.iterations)
            timed.append((order.iterations, seconds))
            channel.send(Timed(seconds))
        if not isinstance(order, Finish):
            raise TypeError(f"expected Round or Finish, got {order}")
        if not timed:  # nobody measures it, yet the test may look at its statistics
            timed.append((iterations, run_round(iterations)))
        self._durations = None
        iterations = timed[-1][0]
        stats = self._make_stats(iterations)
        for count, seconds in timed:
            if count == iterations:
                stats.update(seconds)
