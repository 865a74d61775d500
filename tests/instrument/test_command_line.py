"""What subcommands have in common."""

import shutil
from pathlib import Path
from typing import NoReturn

import pytest

from bench.instrument.command_line import words


def full(source: str, target: str) -> NoReturn:
    """Fail as a copy to a full disk does."""
    raise OSError(28, "No space left on device", source, None, target)


def test_folder_that_cannot_be_copied_is_one_line(tmp_path: Path) -> None:
    """The first of its files is named, and the number of the others."""
    (tmp_path / "from").mkdir()
    for name in "abc":
        (tmp_path / "from" / name).touch()

    with pytest.raises(shutil.Error) as caught:
        shutil.copytree(tmp_path / "from", tmp_path / "to", copy_function=full)

    said = words(caught.value)
    assert said.startswith("No space left on device: '")
    assert said.endswith("' (and 2 more)")
    assert str(tmp_path / "to") in said


@pytest.mark.parametrize(
    ("error", "said"),
    [
        (OSError(28, "No space left on device"), "No space left on device"),
        (OSError(13, "Permission denied", "a file"), "a file: Permission denied"),
        (OSError("no\nreason"), "no reason"),
        (shutil.Error("no list"), "no list"),
        (ValueError("anything"), "anything"),
    ],
)
def test_error_is_one_line(error: Exception, said: str) -> None:
    """It says what happened and to which file, without the number of the error."""
    assert words(error) == said
