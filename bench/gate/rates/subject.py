"""What is recorded: a small project in two states, of which the truth is known.

Thirty benchmarks are the same on both sides but for the layout of the code: head has a block of comments, a renamed
module and another order of functions. Beside them are benchmarks in which head runs more real code: a longer loop, more
objects, or a tail (one call in twenty is longer), by a stated share of the whole.
"""

import itertools
import textwrap
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
SIZE = 2_000
TAIL_EVERY = 20


@dataclass(frozen=True, slots=True)
class Injected:
    """A benchmark in which head does more: `percent` more of one work, each time or all of it in one call of twenty."""

    kind: str
    work: str
    percent: int

    @property
    def label(self) -> str:
        """What tells it apart."""
        return f"{self.kind}-{self.work}-{self.percent}"

    @property
    def name(self) -> str:
        """Its test's name."""
        return f"test_injected[{self.label}]"

    @property
    def sizes(self) -> tuple[int, ...]:
        """The sizes of head's calls, over and over; base's are all SIZE."""
        more = SIZE * self.percent // 100
        return (SIZE,) * (TAIL_EVERY - 1) + (SIZE + TAIL_EVERY * more,) if self.kind == "tail" else (SIZE + more,)


IDENTICAL = tuple(f"test_identical[{work}-{size}]" for work, size in itertools.product(WORKS, SIZES))
ALLOCATING = frozenset({"objects", "mapping", "texts", "sorting"})
"""Works whose turns allocate: more of them are more objects, where more of the others are a longer loop."""
EVERYWHERE = {
    percent: tuple(Injected("allocation" if work in ALLOCATING else "loop", work, percent) for work in WORKS)
    for percent in PERCENTS
}
"""All benchmarks of a suite of ten slowed alike, by size."""
INJECTED = (
    *itertools.chain.from_iterable(EVERYWHERE.values()),
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
        (package / f"{module}.py").write_text(comments + "\n\n".join(map(function, works)) + "\n", "utf-8")
        (tree / "bench_subject.py").write_text(_bench(), "utf-8")
        (tree / "conftest.py").write_text("", "utf-8")
        (tree / "pytest.ini").write_text("[pytest]\npython_files = bench_*.py\n", "utf-8")
    return base, head


def function(work: str) -> str:
    """Return the text of a function."""
    return f"def {work}(n):\n{textwrap.indent(WORKS[work], '    ')}\n"


def _bench() -> str:
    return textwrap.dedent(f"""\
        import itertools
        import pytest
        import subject

        @pytest.mark.parametrize(("work", "n"), {list(itertools.product(WORKS, SIZES))})
        def test_identical(benchmark, work, n):
            benchmark(getattr(subject, work), n)

        @pytest.mark.parametrize(
            ("work", "sizes"),
            {[(one.work, one.sizes) for one in INJECTED]},
            ids={[one.label for one in INJECTED]},
        )
        def test_injected(benchmark, work, sizes):
            function = getattr(subject, work)
            calls = itertools.cycle(sizes if subject.IS_HEAD else [{SIZE}])
            benchmark(lambda: function(next(calls)))
        """)
