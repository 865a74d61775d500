"""Pythons side by side: the lockstep file, how it is told from a run file, and what is shown of it."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from bench.__main__ import main
from bench.instrument.results import ResultsError
from bench.report import document, reading
from bench.report.comparison import load
from bench.report.inputs import InputError, run_files
from bench.report.section import Section

WriteRun = Callable[..., Path]
Make = Callable[..., dict[str, Any]]


@pytest.fixture
def write(tmp_path: Path) -> Callable[[object], Path]:
    """Write a comparison and return its path."""

    def write_it(content: object) -> Path:
        path = tmp_path / "lockstep.json"
        path.write_text(json.dumps(content), encoding="utf-8")
        return path

    return write_it


def pythons(run: Path, *comparisons: Path) -> Section:
    """Return the section on Pythons of a report on these files."""
    held = reading.read([run, *comparisons])
    report = document.report(held.runs, held.sides)
    return next(section for section in report.sections if section.anchor == "pythons")


def test_ratios_are_shown(write_run: WriteRun, write: Callable[[object], Path], make_lockstep: Make) -> None:
    """The answer has each Python's geometric mean; figures go by suite, by benchmark, and for the tax."""
    section = pythons(write_run(), write(make_lockstep()))

    assert section.answer == (
        "In the geometric mean of 3 benchmarks measured side by side with cp314: cp314t 1.10x slower, "
        "cp315 1.20x faster."
    )
    assert [figure.anchor for figure in section.figures] == [
        "pythons-by-suite", "pythons-by-benchmark", "free-threading-tax",
    ]  # fmt: skip
    assert section.figures[1].heading == "6 of 6 ratios to cp314 are decided, faster or slower"
    assert section.figures[2].heading == "The free-threading tax of cp314t: 1.10x slower in the geometric mean of 3"
    assert all("n = 8 generations" in figure.method for figure in section.figures)
    assert section.absent == ()


def test_axis_is_centred_and_named(write_run: WriteRun, write: Callable[[object], Path], make_lockstep: Make) -> None:
    """Ratios lie on a logarithmic axis with 1x in the middle, slower and faster named, no percentage anywhere."""
    figure = pythons(write_run(), write(make_lockstep())).figures[1]

    assert figure.x.log
    assert figure.x.low * figure.x.high == pytest.approx(1)
    assert [label for _, label in figure.x.ticks] == ["1.5x faster", "1x", "1.5x slower"]
    assert not any("%" in cell for row in figure.table.rows for cell in row[1:4])


def test_ratio_without_interval(write_run: WriteRun, write: Callable[[object], Path], make_lockstep: Make) -> None:
    """Too few generations for an interval are said as such, and decide nothing."""
    content = make_lockstep()
    content["benchmarks"][0]["ratios"]["cp314t"] |= {"low": None, "high": None, "no_interval": "3 of the 6 generations"}

    figure = pythons(write_run(), write(content)).figures[1]

    assert figure.table.rows[0][4] == "[no interval: 3 of the 6 generations]"
    assert figure.heading.startswith("5 of 6 ratios")


def test_tax_is_of_one_thread(write_run: WriteRun, write: Callable[[object], Path], make_lockstep: Make) -> None:
    """What a pool does on one core is no part of it; where cores could not be chosen, there is a tax all the same."""
    content = make_lockstep()
    content["benchmarks"][2]["ratios"]["cp314t"] |= {"ratio": 0.5, "low": 0.4, "high": 0.6}
    content["benchmarks"][0] |= {"kind": "process-fork"}
    content["benchmarks"][1] |= {"kind": "serial", "cores": []}
    figures = pythons(write_run(), write(content)).figures

    assert figures[2].heading == (
        "The free-threading tax of cp314t: 1.35x faster in the geometric mean of 2, from 2.00x faster to 1.10x slower"
    )
    assert [row[1] for row in figures[2].table.rows] == ["test_gil[json]", "test_serialization[dumps-bytes]"]


@pytest.mark.parametrize("names", [("off", "jit", "next"), ("jit", "jitt", "next")])
def test_other_arms_have_no_tax(
    names: tuple[str, ...], write_run: WriteRun, write: Callable[[object], Path], make_lockstep: Make
) -> None:
    """An arm that somebody named is no free-threaded build for the letter that it ends in."""
    section = pythons(write_run(), write(make_lockstep(names)))

    assert section.absent == ()
    assert "free-threading-tax" not in {figure.anchor for figure in section.figures}


def test_tax_that_was_not_measured(write_run: WriteRun, write: Callable[[object], Path], make_lockstep: Make) -> None:
    """A t build beside the base of another version has no tax; the command that would measure it is named."""
    section = pythons(write_run(), write(make_lockstep(("cp311", "cp314t", "cp315"))))

    assert "free-threading-tax" not in {figure.anchor for figure in section.figures}
    assert section.absent == (
        ("The free-threading tax of cp314t, measured beside cp311 alone", "tox -e compare -- --base cp314"),
    )


def test_comparison_without_ratios(write_run: WriteRun, write: Callable[[object], Path], make_lockstep: Make) -> None:
    """A comparison in which everything was refused is as good as none."""
    section = pythons(write_run(), write(make_lockstep() | {"benchmarks": []}))

    assert section.figures == ()
    assert section.absent[0][1] == "tox -e compare"


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"base": "cp310"}, "base: 'cp310' is none of the arms"),
        ({"arms": None}, "arms: Input should be a valid"),
        ({"benchmarks": [{"fullname": "x", "ratios": {"a": {"ratio": -1, "generations": 1, "rounds": 1}}}]}, "ratio"),
        ({"benchmarks": [{"ratios": {}}]}, "benchmarks.0.fullname: Field required"),
    ],
    ids=["base", "arms", "ratio", "name"],
)
def test_malformed(write: Callable[[object], Path], make_lockstep: Make, change: dict[str, Any], said: str) -> None:
    """What is not of the form is one line that names the file and the place."""
    path = write(make_lockstep() | change)

    with pytest.raises(ResultsError, match=r"lockstep\.json: ") as caught:
        load(path, path.read_bytes())

    assert said in str(caught.value)
    assert "\n" not in str(caught.value)


def test_newer_form(write_run: WriteRun, write: Callable[[object], Path], make_lockstep: Make) -> None:
    """A comparison of a later version is refused with what to do."""
    with pytest.raises(ResultsError, match="written by a newer flagkit"):
        reading.read([write_run(), write(make_lockstep() | {"lockstep": 2})])


def test_folder_of_a_comparison(
    write_run: WriteRun, write: Callable[[object], Path], make_lockstep: Make, tmp_path: Path
) -> None:
    """A folder that lockstep wrote means its ratios as well as its runs."""
    write_run(name="cp314.json")
    write(make_lockstep())

    held = reading.read(run_files([str(tmp_path)]))

    assert (len(held.runs), len(held.sides)) == (1, 1)


def test_no_run_beside_it(write: Callable[[object], Path], make_lockstep: Make) -> None:
    """A comparison alone is no report: the line says what to name as well."""
    with pytest.raises(InputError, match="holds ratios alone; name the run files"):
        reading.read([write(make_lockstep())])


def test_run_that_took_part_is_a_run(write_run: WriteRun, make_run: Make) -> None:
    """A run file whose benchmarks say that they took part in a comparison is read as a run."""
    content = make_run()
    content["benchmarks"][0]["extra_info"]["lockstep"] = {"arm": "cp314", "generation": [0]}

    held = reading.read([write_run(content)])

    assert (len(held.runs), held.sides) == (1, ())


def test_truncated_is_one_line(
    write_run: WriteRun, tmp_path: Path, make_lockstep: Make, capsys: pytest.CaptureFixture[str]
) -> None:
    """A comparison that is cut off is one line, status 2, and no page."""
    cut = tmp_path / "lockstep.json"
    cut.write_text(json.dumps(make_lockstep())[:200], encoding="utf-8")

    assert main(["report", str(write_run()), str(cut), "--markdown", str(tmp_path / "x.md")]) == 2

    (line,) = capsys.readouterr().err.splitlines()
    assert "no valid JSON" in line
    assert not (tmp_path / "x.md").exists()
