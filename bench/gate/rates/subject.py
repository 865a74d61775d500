"""What is recorded: a small project in two states, of which the truth is known.

Thirty benchmarks are the same on both sides but for the layout of the code: head has a block of comments, a renamed
module and another order of functions. Beside them are benchmarks in which head runs more real code: a longer loop, more
objects, or a tail (one call in twenty is longer), by a stated share of the whole.
"""

import itertools
import textwrap
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

WORKS = {
    "add": "total = 0\nfor i in range(n):\n    total += i\nreturn total",
    "multiply": "total = 1\nfor i in range(n):\n    total = total * 31 % 65521 + i\nreturn total",
    "objects": "return [object() for _ in range(n)]",
    "mapping": "return {i: i for i in range(n)}",
    "texts": "return ''.join([str(i) for i in range(n)])",
    "sorting": "return [sorted((i * 7919 % 101, i)) for i in range(n)]",
    "calls": "total = 0\nfor i in range(n):\n    total += abs(-i)\nreturn total",
    "floats": "total = 0.0\nfor i in range(n):\n    total += i * 0.5\nreturn total",
    "attributes": "total = 0\nfor i in range(n):\n    total += i.real\nreturn total",
    "tuples": "total = 0\nfor a, b in zip(range(n), range(n)):\n    total += a - b\nreturn total",
}
"""Bodies of functions of n, each of which takes time in proportion to n."""

SIZES = (200, 1_000, 5_000)
PERCENTS = (3, 5, 8, 10, 20)
_SIZE = 2_000
_TAIL_EVERY = 20


@dataclass(frozen=True, slots=True)
class Injected:
    """A benchmark in which head does more: `percent` more of one work, each time or all of it in one call of twenty."""

    kind: str
    work: str
    percent: int

    @property
    def name(self) -> str:
        """Its test's name."""
        return f"test_injected[{self.kind}-{self.work}-{self.percent}]"


IDENTICAL = tuple(f"test_identical[{work}-{size}]" for work, size in itertools.product(WORKS, SIZES))
EVERYWHERE = tuple(Injected("loop", work, 3) for work in WORKS)
INJECTED = (
    *EVERYWHERE,
    *(Injected("loop", "add", percent) for percent in PERCENTS[1:]),
    *(Injected("allocation", "objects", percent) for percent in PERCENTS[1:]),
    *(Injected("tail", "multiply", percent) for percent in PERCENTS),
)


def write(folder: Path) -> tuple[Path, Path]:
    """Write both states; return base's and head's folder, whose paths are of one length."""
    base, head = folder / "base", folder / "head"
    for tree, is_head in ((base, False), (head, True)):
        package = tree / "subject"
        package.mkdir(parents=True, exist_ok=True)
        works = list(WORKS)[::-1] if is_head else list(WORKS)
        module = "moved" if is_head else "works"
        comments = "# A comment that moves every line below it.\n" * 40 if is_head else ""
        (package / "__init__.py").write_text(f"from subject.{module} import *\nIS_HEAD = {is_head}\n", "utf-8")
        (package / f"{module}.py").write_text(comments + "\n\n".join(map(_function, works)) + "\n", "utf-8")
        (tree / "bench_subject.py").write_text(_bench(), "utf-8")
        (tree / "conftest.py").write_text("", "utf-8")
        (tree / "pytest.ini").write_text("[pytest]\npython_files = bench_*.py\n", "utf-8")
    return base, head


def _function(work: str) -> str:
    return f"def {work}(n):\n{textwrap.indent(WORKS[work], '    ')}\n"


def _bench() -> str:
    injected = [(one.kind, one.work, one.percent) for one in INJECTED]
    return textwrap.dedent(f"""\
        import itertools
        import pytest
        import subject

        @pytest.mark.parametrize(("work", "n"), {list(itertools.product(WORKS, SIZES))})
        def test_identical(benchmark, work, n):
            benchmark(getattr(subject, work), n)

        @pytest.mark.parametrize(("kind", "work", "percent"), {injected})
        def test_injected(benchmark, kind, work, percent):
            function = getattr(subject, work)
            more = {_SIZE} * percent // 100 if subject.IS_HEAD else 0
            if kind == "tail":
                sizes = itertools.cycle([{_SIZE}] * {_TAIL_EVERY - 1} + [{_SIZE} + {_TAIL_EVERY} * more])
                benchmark(lambda: function(next(sizes)))
            else:
                benchmark(lambda: function({_SIZE} + more))
        """)


def benchmarks() -> Iterator[str]:
    """Yield the names of all benchmarks."""
    yield from IDENTICAL
    yield from (one.name for one in INJECTED)
