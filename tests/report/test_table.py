"""python -m bench table: stored runs beside each other, and what they cannot decide."""

import csv
import io
import json
import subprocess
import sys
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from bench.__main__ import main
from bench.instrument.records import Run
from bench.instrument.results import load, load_all
from bench.instrument.statistics import Estimate
from bench.report.exporters import as_table
from bench.report.side_by_side import band, drift, missing_one, side_by_side

ROOT = Path(__file__).parents[2]
WriteRun = Callable[..., Path]
MakeRun = Callable[..., dict[str, Any]]


def scaled(run: Run, factor: float) -> Run:
    """Return the run as if everything had taken so many times as long, the serial work beside it included."""
    benchmarks = tuple(
        replace(
            item,
            rounds_s=tuple(factor * value for value in item.rounds_s),
            reference=replace(item.reference, rounds_s=tuple(factor * value for value in item.reference.rounds_s))
            if item.reference
            else None,
        )
        for item in run.benchmarks
    )
    return replace(run, benchmarks=benchmarks, label=f"{run.label} x{factor}")


@pytest.fixture
def run(write_run: WriteRun) -> Run:
    """Return a run whose serial work scatters by about one in a hundred."""
    return load(write_run())


def test_drift_is_what_the_same_work_shows(run: Run) -> None:
    """The made-up machine changes its speed by about 1%; with one witness, or none, nothing is known."""
    found = drift(run)

    assert found is not None
    assert 0.002 < found < 0.03
    assert drift(replace(run, benchmarks=run.suite("startup"))) is None
    assert drift(replace(run, benchmarks=run.suite("gil")[:3])) is None


def test_band_by_hand() -> None:
    """Two runs that drift by 3% and 4% differ by 1.96 * 5% without any news: 1.103x."""
    assert band(0.03, 0.04) == pytest.approx(1.1030, abs=1e-4)
    assert band(None, 0.04) is None


@pytest.mark.parametrize(("factor", "verdict"), [(2.0, "slower"), (0.5, "faster"), (1.004, "not decided")])
def test_verdicts(run: Run, factor: float, verdict: str) -> None:
    """Twice as long is slower, half is faster, and what is within the drift is not decided."""
    table = side_by_side([run, scaled(run, factor)])
    cells = [line.cells[1] for line in table.lines]

    assert {cell.verdict for cell in cells} == {verdict}
    for cell in cells:
        assert cell.ratio is not None
        assert cell.ratio.value == pytest.approx(1 / factor)


def test_what_each_run_measured_in_turn_is_compared_too(run: Run) -> None:
    """A machine that was twice as slow in one run changes all times, and no ratio to a reference."""
    slowed = side_by_side([run, scaled(run, 2.0)])
    cells = [line.cells[1] for line in slowed.lines]
    missed, of = missing_one(cell.ratio for cell in cells)

    assert missed == of == len(run.benchmarks)
    assert missing_one(cell.paired for cell in cells) == (0, sum(item.reference is not None for item in run.benchmarks))
    assert missing_one([None, Estimate(2, None, 3, "few")]) == (0, 0)
    assert "Of 2 ratios" not in as_table.render(slowed, "simple")
    assert f"Of {of} ratios of times {of} have intervals that miss 1" in as_table.render(slowed, "simple")


def test_without_witnesses_nothing_is_decided(run: Run) -> None:
    """Runs that do not tell how much the machine changed decide no ratio, however large."""
    bare = replace(run, benchmarks=run.suite("startup"))

    assert {line.cells[1].verdict for line in side_by_side([bare, scaled(bare, 5)]).lines} == {"not decided"}


def test_what_is_missing_has_a_reason(run: Run) -> None:
    """A benchmark that one run lacks, or that measures another thing there, has no ratio but the reason."""
    first, second, *others = run.benchmarks
    changed = replace(second, parameters={**second.parameters, "workers": 9})
    lacking = replace(run, benchmarks=(changed, *others))
    table = {line.name: line.cells for line in side_by_side([run, lacking]).lines}

    assert table[first.fullname][1].why == "not in this run"
    assert table[second.fullname][1].why.startswith("workers: ")
    assert {table[name][1].verdict for name in (first.fullname, second.fullname)} == {"no ratio"}
    assert side_by_side([lacking, run]).lines[-1].cells[1].why == "not in the first run"


def test_unlike_runs_stand_apart(write_run: WriteRun, make_run: MakeRun) -> None:
    """Another processor and no PGO: the run has a table of its own, with what differs, unless it is forced in."""
    other = make_run("3.15.0")
    other["machine_info"]["instrument"]["host"]["cpu_model"] = "Another"
    other["machine_info"]["instrument"]["python"]["pgo"] = False
    runs = load_all([write_run(), write_run(other, "other.json")])
    apart, forced = side_by_side(runs), side_by_side(runs, force=True)

    assert len(apart.runs) == 1
    assert [one.name for one in apart.apart[0].differences] == ["processor", "profile-guided optimisation"]
    said = as_table.render(apart, "simple")
    assert (
        "CPython 3.15.0 cannot be compared with CPython 3.14.7: processor Example 9000 with two cores there, " in said
    )
    assert len(forced.runs) == 2
    assert "is compared by --force, though it differs in processor, profile" in as_table.render(forced, "simple")


def test_no_runs() -> None:
    """There is no table of nothing."""
    with pytest.raises(ValueError, match="no runs"):
        side_by_side([])


def table(*arguments: str | Path) -> int:
    """Run the subcommand."""
    return main(["table", *map(str, arguments)])


def test_on_the_terminal(write_run: WriteRun, make_run: MakeRun, capsys: pytest.CaptureFixture[str]) -> None:
    """A line a benchmark with both medians, the ratio in words with its interval, and what it does not decide."""
    one, other = write_run(make_run("3.14.7"), "a.json"), write_run(make_run("3.15.0"), "b.json")

    assert table(one, other) == 0

    said = capsys.readouterr()
    header, _, first, *_ = said.out.splitlines()
    assert header.split("  ")[0] == "Benchmark"
    assert "against CPython 3.14.7" in header
    assert first.startswith("bench_gil.py::test_gil[gcd-seed-serial-1]")
    assert first.endswith("not decided")
    assert "were measured one after the other, not side by side" in said.out
    assert said.err == ""


@pytest.mark.parametrize("named", ["{folder}", "{folder}/*.json", "{folder}/lockstep.json {folder}/run.json"])
def test_ratios_among_the_files(
    named: str, write_run: WriteRun, make_lockstep: MakeRun, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """What lockstep writes beside its runs is passed over, however it is named."""
    write_run(name="run.json")
    (tmp_path / "lockstep.json").write_text(json.dumps(make_lockstep()), "utf-8")

    assert table(*named.format(folder=tmp_path).split()) == 0
    assert "CPython 3.14.7" in capsys.readouterr().out.splitlines()[0]


def test_files(write_run: WriteRun, make_run: MakeRun, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Markdown has a table in which names are text; CSV a row a benchmark and run; the terminal stays silent."""
    one, other = write_run(make_run("3.14.7"), "a.json"), write_run(make_run("3.15.0"), "b.json")
    markdown, rows = tmp_path / "t.md", tmp_path / "t.csv"

    assert table(one, other, "--markdown", markdown, "--csv", rows) == 0

    assert capsys.readouterr().out == ""
    assert markdown.read_text("utf-8").startswith("| Benchmark ")
    read = list(csv.DictReader(io.StringIO(rows.read_text("utf-8"))))
    assert len(read) == 2 * len(load(one).benchmarks)
    assert {row["verdict"] for row in read} == {"no ratio", "not decided"}
    assert all(float(row["median_s"]) > 0 for row in read)


def test_names_are_text(write_run: WriteRun, make_run: MakeRun, tmp_path: Path) -> None:
    """A name that a terminal, Markdown or a spreadsheet would obey is shown and no more."""
    content = make_run()
    content["benchmarks"][0]["fullname"] = "=cmd()|\x1b[31m<img src=x>"
    written = tmp_path / "t.csv", tmp_path / "t.md"

    assert table(write_run(content), "--csv", written[0], "--markdown", written[1]) == 0

    text, markdown = (path.read_text("utf-8") for path in written)
    assert "\x1b" not in text + markdown
    assert "\n'=cmd()" in text
    assert "<img" not in markdown


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["absent.json"], "absent.json: cannot be read: No such file or directory"),
        (["{run}", "--csv", "/proc/none/x.csv"], "cannot be written"),
        (["{run}", "--csv", "{run}"], "is read or written already; give the output another name"),
        (["{run}", "--markdown", "{run}.both", "--csv", "{run}.both"], "is read or written already"),
    ],
)
def test_refusals(write_run: WriteRun, arguments: list[str], said: str, capsys: pytest.CaptureFixture[str]) -> None:
    """What cannot be read or written is one line, with status 2, and nothing takes the place of a run or an output."""
    path = write_run()
    before = path.read_bytes()

    assert table(*(argument.format(run=path) for argument in arguments)) == 2

    error = capsys.readouterr().err
    assert len(error.splitlines()) == 1
    assert said in error
    assert path.read_bytes() == before
    assert list(path.parent.iterdir()) == [path]


def test_what_is_not_installed(
    write_run: WriteRun, uninstall: Callable[[str], None], capsys: pytest.CaptureFixture[str]
) -> None:
    """A library that is missing is named."""
    uninstall("tabulate")

    assert table(write_run()) == 2
    assert "table: tabulate not installed in this Python; " in capsys.readouterr().err


def test_as_a_command(write_run: WriteRun) -> None:
    """From a shell it prints the table with status 0."""
    done = subprocess.run(
        [sys.executable, "-m", "bench", "table", str(write_run())],
        cwd=ROOT,
        capture_output=True,
        encoding="utf-8",
        check=False,
    )

    assert (done.returncode, done.stderr) == (0, "")
    assert "bench_gil.py::test_gil[gcd-seed-thread-2]" in done.stdout
