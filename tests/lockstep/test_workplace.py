"""Where arms work: equal lengths, swapped, and nothing of the user's touched."""

import subprocess
import sys
from pathlib import Path
from types import MappingProxyType

import pytest

from bench.lockstep.arms import Arm
from bench.lockstep.workplace import Place, Workplace, variables


@pytest.fixture
def checkouts(tmp_path: Path) -> list[Path]:
    """Return two checkouts, with what belongs to a version control and to tools."""
    found = []
    for name in ("short", "a-name-that-is-longer"):
        folder = tmp_path / name
        for part in (".git", ".venv/bin", "made/bin", "package/__pycache__"):
            (folder / part).mkdir(parents=True)
        (folder / "made" / "pyvenv.cfg").touch()
        (folder / "package" / "which.txt").write_text(name)
        (folder / "link").symlink_to("package")
        found.append(folder)
    return found


@pytest.mark.parametrize("sets", [1, 2])
def test_checkouts_swap_places_of_equal_length(checkouts: list[Path], sets: int) -> None:
    """Each arm is in each place of a set in turn, with its own files, and all paths are of one length."""
    workplace = Workplace([Arm(folder.name, Path(sys.executable), folder) for folder in checkouts], sets)
    workplace.copy_checkouts()
    generations = [dict(workplace.arrange(generation)) for generation in range(2 * sets + 1)]
    first, second, third = generations[::sets]
    if sets == 2:  # the one between is elsewhere, so both may be at work
        assert not {place.checkout for place in first.values()} & {place.checkout for place in generations[1].values()}
        assert {len(str(one.checkout)) for places in generations for one in places.values()} == {
            len(str(first["short"].checkout))
        }
    names = [folder.name for folder in checkouts]
    assert [(third[name].checkout / "package" / "which.txt").read_text() for name in names] == names
    workplace.remove()

    assert first == third
    assert [first[name].checkout for name in names] == [second[name].checkout for name in reversed(names)]
    for part in ("python", "checkout", "temporary", "log"):
        assert len({len(str(getattr(place, part))) for place in first.values()}) == 1
    assert not workplace.folder.exists()


def test_a_copy_leaves_out_what_can_be_made_again(checkouts: list[Path]) -> None:
    """Version control, environments under whatever name, and caches; links stay links."""
    workplace = Workplace([Arm(folder.name, Path(sys.executable), folder) for folder in checkouts])
    workplace.copy_checkouts()
    copy = workplace.arrange(0)["short"].checkout
    assert sorted(path.relative_to(copy).as_posix() for path in copy.rglob("*")) == [
        "link",
        "package",
        "package/which.txt",
    ]
    assert (copy / "link").is_symlink()
    workplace.remove()
    assert (checkouts[0] / "package" / "which.txt").read_text() == "short"


def test_arms_in_one_checkout_are_not_copied(checkouts: list[Path]) -> None:
    """They run where they are: the path is the same for all."""
    workplace = Workplace([Arm(name, Path(sys.executable), checkouts[0]) for name in ("one", "two")])
    workplace.copy_checkouts()
    assert {place.checkout for place in workplace.arrange(1).values()} == {checkouts[0]}
    workplace.remove()


def test_a_virtual_environment_behind_a_link_is_itself(tmp_path: Path) -> None:
    """Its Python finds its own packages, under paths of the place."""
    subprocess.run([sys.executable, "-m", "venv", "--without-pip", tmp_path / "environment"], check=True)
    arms = [Arm(name, tmp_path / "environment" / "bin" / "python", tmp_path) for name in ("one", "two")]
    workplace = Workplace(arms)
    workplace.copy_checkouts()
    place = workplace.arrange(0)["one"]
    code = "import sys; print(sys.prefix != sys.base_prefix, sys.prefix)"
    told = subprocess.run([place.python, "-c", code], capture_output=True, text=True, check=True).stdout.split()
    assert told == ["True", str(place.python.parents[1])]
    assert place.python.is_relative_to(workplace.folder)
    workplace.remove()
    assert (tmp_path / "environment" / "pyvenv.cfg").is_file()


def test_the_environment_of_an_arm(monkeypatch: pytest.MonkeyPatch) -> None:
    """What speaks of this very Python or test run is left out; hashing and temporary files are its own."""
    for name in ("PYTEST_XDIST_WORKER", "PYTEST_CURRENT_TEST", "VIRTUAL_ENV", "COVERAGE_PROCESS_START", "PYTHONHOME"):
        monkeypatch.setenv(name, "here")
    monkeypatch.setenv("KEPT", "kept")
    monkeypatch.setenv("PATH", "/usr/bin")
    arm = Arm("a", Path("/env/bin/python"), Path("/"), MappingProxyType({"KEPT": "changed"}))
    place = Place(Path("/place/v/bin/python"), Path("/"), Path("/place/t"), Path("/place/log"))
    found = variables(arm, place, 1234567890)
    assert "here" not in found.values()
    assert found["KEPT"] == "changed"
    assert found["PYTHONHASHSEED"] == "1234567890"
    assert found["TMPDIR"] == "/place/t"
    assert found["PATH"] == "/place/v/bin:/usr/bin"
