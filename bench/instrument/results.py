"""Read run files: pytest-benchmark JSON, with or without this instrument's additions, into frozen records.

Everything in a file is untrusted: `load` returns a `Run` or raises `ResultsError`, nothing else, whatever the bytes.
"""

import json
from collections import Counter
from collections.abc import Iterable
from dataclasses import replace
from pathlib import Path

from pydantic import ValidationError
from pydantic_core import ErrorDetails

from bench.instrument.records import Environment, Machine, Run
from bench.instrument.spreads import with_spreads
from bench.instrument.wire import OWN_ERRORS, Opening, OurFile, PlainFile

SCHEMA = 1
_SHOWN_LENGTH = 40
_EXPECTED = {
    "float_type": "expected a number",
    "finite_number": "expected a finite number",
    "model_type": "expected an object",
    "dataclass_type": "expected an object",
    "tuple_type": "expected a list",
}


class ResultsError(ValueError):
    """A file that is no run file; the message is one line naming the file, the place in it and what is wrong."""


def load(path: Path) -> Run:
    """Read one run file; raises ResultsError with a line that names the file and the place."""
    try:
        return _run(path, _file(path))
    except OSError as error:
        raise ResultsError(f"{path}: cannot be read: {error.strerror or type(error).__name__}") from None
    except ValidationError as error:
        raise ResultsError(f"{path}: {_complaint(error.errors(include_url=False)[0])}") from None


def load_all(paths: Iterable[Path]) -> tuple[Run, ...]:
    """Read several run files in order, each under a label of its own."""
    runs = [load(path) for path in paths]
    shared = Counter(run.label for run in runs)
    named = [f"{run.label} {run.source.stem}" if shared[run.label] > 1 else run.label for run in runs]
    seen: Counter[str] = Counter()
    labels: list[str] = []
    for label in named:
        seen[label] += 1
        labels.append(f"{label} #{seen[label]}" if seen[label] > 1 else label)
    return tuple(replace(run, label=label) for run, label in zip(runs, labels, strict=True))


def _file(path: Path) -> PlainFile:
    """Return what the file holds; its text, which may be a hundred megabytes, is gone then."""
    text = path.read_bytes().removeprefix(b"\xef\xbb\xbf")
    if not text.strip():
        raise ResultsError(f"{path}: is empty; run the benchmarks again")
    instrument = Opening.model_validate_json(text).machine_info.instrument
    if instrument and instrument.version > SCHEMA:
        raise ResultsError(
            f"{path}: machine_info.instrument.schema: {instrument.version} was written by a newer flagkit "
            f"(this one reads up to {SCHEMA}); update this checkout",
        )
    return (OurFile if instrument else PlainFile).model_validate_json(text)


def _run(path: Path, file: PlainFile) -> Run:
    first_at: dict[str, int] = {}
    for index, benchmark in enumerate(file.benchmarks):
        if benchmark.fullname in first_at:
            place = f"benchmarks[{index}].fullname"
            raise ResultsError(
                f"{path}: {place}: {_shown(benchmark.fullname)} is also benchmarks[{first_at[benchmark.fullname]}]",
            )
        first_at[benchmark.fullname] = index
    environment = file.machine_info.instrument if isinstance(file, OurFile) else None
    machine = file.machine_info.record()
    return Run(
        source=path,
        label=_label(machine, environment),
        recorded=file.recorded,
        machine=machine,
        commit=file.commit_info,
        environment=environment,
        benchmarks=tuple(with_spreads([benchmark.record() for benchmark in file.benchmarks])),
    )


def _label(machine: Machine, environment: Environment | None) -> str:
    if environment:
        python = environment.python
        return f"{python.implementation} {python.version}{'t' if python.gil_disabled_build else ''}"
    return f"{machine.python_implementation or 'Python'} {machine.python_version or 'of unknown version'}"


def _complaint(error: ErrorDetails) -> str:
    if error["type"] == "json_invalid":
        return f"no valid JSON: {error['ctx']['error']}"
    place = "".join(map(_step, error["loc"])).removeprefix(".")
    if error["type"] == "missing":
        hint = "" if len(error["loc"]) > 1 else "; this is no pytest-benchmark file"
        return f"{place}: is missing{hint}"
    expected = _EXPECTED.get(error["type"]) or error["msg"].replace("Input should be", "expected")
    if error["type"] == "greater_than_equal" and error["input"] <= 0:
        expected = "expected a positive number"
    found = "" if error["type"] in OWN_ERRORS else f", found {_shown(error['input'])}"
    return f"{place or 'the file'}: {expected}{found}"


def _step(part: int | str) -> str:
    if isinstance(part, int):
        return f"[{part}]"
    return f".{part}" if part.isidentifier() else f"[{_shown(part)}]"


def _shown(value: object) -> str:
    """Say what was found, short and on one line; ascii() leaves no control character for a terminal to obey."""
    if isinstance(value, dict):
        return "an object"
    if isinstance(value, list | tuple):
        return f"a list of {len(value)}"
    text = ascii(value) if isinstance(value, str | float | int) and not isinstance(value, bool) else json.dumps(value)
    return text if len(text) <= _SHOWN_LENGTH else f"{text[:_SHOWN_LENGTH]}..."
