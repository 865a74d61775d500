"""The cells: jobs by number, the same ones whenever and wherever they are drawn.

The first BUILDING of them are there to build the model with, and all others are the ones that are reported.
"""

import io
import json
import random
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from bench.advise_rates import tasks

__all__ = ["BUILDING", "Cell", "CellItems", "cell", "is_reported"]

BUILDING = 86
REAL_EVERY = 4
"""One cell in so many is a real job, each kind of them in turn."""
MOST_BYTES = 1 << 26
TURNS_PER_S = 40_000_000
BLOCKS_PER_S = 80_000
REAL = ("gcd", "zlib", "json", "numpy", "resize", "flags")


@dataclass(frozen=True, slots=True)
class Cell:
    """A job: which function, and items that `CellItems(number)` builds where they are needed."""

    number: int
    summary: str
    function: str
    n: int


class CellItems(Sequence[Any]):
    """The items of a cell, which travel by the number of the cell."""

    def __init__(self, number: int, address: str | None = None) -> None:
        self._number = number
        self._address = address
        self._items: list[Any] = _draw(number, address)[1]()

    def __reduce__(self) -> tuple[Any, ...]:
        return CellItems, (self._number, self._address)

    def __len__(self) -> int:
        return len(self._items)

    def __getitem__(self, index: Any) -> Any:
        return self._items[index]


def cell(number: int) -> Cell:
    """Return the cell of that number."""
    return _draw(number, None)[0]


def is_reported(number: int) -> bool:
    """Tell whether the cell is one to report, and not one to build the model with."""
    return number >= BUILDING


def _draw(number: int, address: str | None) -> tuple[Cell, Callable[[], list[Any]]]:
    drawn = random.Random(f"cell {number}")
    if number % REAL_EVERY == REAL_EVERY - 1:
        return _real(number, drawn, address)
    return _synthetic(number, drawn)


def _synthetic(number: int, drawn: random.Random) -> tuple[Cell, Callable[[], list[Any]]]:
    task_s = 10 ** drawn.uniform(-5.5, -0.5)
    job_s = 10 ** drawn.uniform(-1.7, 0.18)
    gil = drawn.choice([0.0, 0.2, 0.5, 0.8, 1.0, 1.0, 1.0])
    wait = drawn.choice([0.0, 0.0, 0.0, 0.5, 0.9, 0.99]) if task_s > 1e-4 else 0.0  # noqa: PLR2004 - sleeps are longer
    sent = round(10 ** drawn.choice([drawn.uniform(1, 3), drawn.uniform(1, 3), drawn.uniform(4, 6.6)]))
    returned = round(10 ** drawn.choice([drawn.uniform(1, 3), drawn.uniform(1, 3), drawn.uniform(4, 6.6)]))
    skew = drawn.choice([0.0, 0.0, 0.5, 1.0])
    heavy = drawn.random() < 0.25  # noqa: PLR2004 - one in four
    most = MOST_BYTES // (sent + returned)
    n = max(2, min(round(job_s / task_s), 20_000, most))

    def items() -> list[Any]:
        spread = random.Random(number)
        found = []
        for _ in range(n):
            length_s = task_s * (spread.lognormvariate(0.0, skew) if skew else 1.0)
            cpu_s = length_s * (1 - wait)
            turns, blocks = round(cpu_s * gil * TURNS_PER_S), round(cpu_s * (1 - gil) * BLOCKS_PER_S)
            found.append(tasks.Item(turns, blocks, length_s * wait, b"a" * sent, returned))
        return found

    summary = f"{n} x {task_s:.2g} s, GIL {gil:g}, wait {wait:g}, {sent} B there, {returned} B back, skew {skew:g}"
    module = "heavy_tasks" if heavy else "tasks"
    return Cell(number, summary + (", heavy import" if heavy else ""), f"bench.advise_rates.{module}:run", n), items


def _real(number: int, drawn: random.Random, address: str | None) -> tuple[Cell, Callable[[], list[Any]]]:
    which = REAL[number // REAL_EVERY % len(REAL)]
    n = round(10 ** drawn.uniform(0.7, 2.3))
    size = 10 ** drawn.uniform(0, 1)

    def gcds() -> list[Any]:
        return [(round(20_000 * size) + turn, 2**31 - 1) for turn in range(n)]

    def files() -> list[Any]:
        text = random.Random(number).randbytes(1 << 12).hex().encode()
        return [text * round(4 * size) for _ in range(n)]

    def texts() -> list[Any]:
        return [json.dumps([{"id": one, "name": "x" * 20} for one in range(round(300 * size))]) for _ in range(n)]

    def arrays() -> list[Any]:
        import numpy as np  # noqa: PLC0415 - no subinterpreter can load it

        return [np.ones(round(100_000 * size)) for _ in range(min(n, 40))]

    def pictures() -> list[Any]:
        from PIL import Image  # noqa: PLC0415 - as numpy

        target = io.BytesIO()
        width = round(150 * size)
        Image.frombytes("L", (width, 150), random.Random(number).randbytes(150 * width)).save(target, "PNG")
        return [target.getvalue()] * n

    def flags() -> list[Any]:
        return [f"{address}/br/br.gif"] * min(n, 20)

    makers: dict[str, tuple[str, Callable[[], list[Any]]]] = {
        "gcd": ("tasks:greatest_divisor", gcds),
        "zlib": ("tasks:compress", files),
        "json": ("tasks:parse", texts),
        "numpy": ("heavy_tasks:total", arrays),
        "resize": ("heavy_tasks:resize", pictures),
        "flags": ("heavy_tasks:download", flags),
    }
    function, items = makers[which]
    n = min(n, {"numpy": 40, "flags": 20}.get(which, n))
    return Cell(number, f"{which}: {n} items of size {size:.2g}", f"bench.advise_rates.{function}", n), items
