"""Which two states are compared, and how they are checked out."""

import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from bench.gate import refs
from bench.gate.git import Repository
from bench.gate.refs import WORKING_TREE
from bench.gate.trouble import Trouble
from bench.gate.verdict import Status
from bench.gate.worktrees import Worktrees
from tests.gate.toys import GIT, Toy


def resolve(toy: Toy, against: str | None = None, head: str = WORKING_TREE) -> tuple[str, str]:
    """Return the commits of base and head."""
    repository = Repository.holding(toy.top)
    head_ref = refs.head(repository, head)
    return refs.base(repository, against, head_ref).commit, head_ref.commit


def clone(toy: Toy, name: str, *options: str) -> Toy:
    """Return a clone beside a repository."""
    other = toy.top.with_name(name)
    subprocess.run([GIT, "clone", "-q", *options, toy.top.as_uri(), other], check=True)
    return type(toy)(other)


def test_base_is_where_head_left_main(toy: Toy) -> None:
    """On a branch of a clone, base is the merge base with origin/main, though that has gone on since."""
    parting = toy.commit()
    mine = clone(toy, "mine")
    toy.commit(toy__later="")
    mine.git("fetch", "-q")
    mine.git("checkout", "-qb", "branch")
    head = mine.commit(toy__mine="")

    assert resolve(mine) == (parting, head)


def test_base_on_main_is_the_parent(toy: Toy) -> None:
    """Where head is on origin/main, and where there is none, base is head's parent."""
    parent = toy.git("rev-parse", "HEAD")
    head = toy.commit()

    assert resolve(toy) == (parent, head)
    assert resolve(clone(toy, "mine")) == (parent, head)


@pytest.mark.parametrize(("given", "name"), [(WORKING_TREE, "HEAD~1"), ("HEAD", "HEAD~1"), ("v2.1", "v2.1~1")])
def test_base_is_named_by_head(toy: Toy, given: str, name: str) -> None:
    """A parent is that of what was asked for, wherever HEAD is."""
    toy.commit()
    toy.git("tag", "v2.1")
    toy.commit(toy__later="")
    repository = Repository.holding(toy.top)

    base = refs.base(repository, None, refs.head(repository, given))

    assert base.given == name
    assert base.commit == repository.commit(name)


def test_uncommitted_changes_on_main_are_compared_with_it(toy: Toy) -> None:
    """A dirty tree on origin/main is compared with its own commit."""
    toy.commit()
    mine = clone(toy, "mine")
    (mine.top / "toy/__init__.py").write_text("")

    base, head = resolve(mine)

    assert base == head


@pytest.mark.parametrize("option", ["against", "head"])
def test_ref_that_does_not_exist(toy: Toy, option: str) -> None:
    """It is named in one line, with status 2."""
    with pytest.raises(Trouble, match=f"--{option} nowhere: there is no such commit here") as caught:
        resolve(toy, **{option: "nowhere"})

    assert caught.value.status is Status.USAGE


def test_option_in_place_of_a_ref(toy: Toy) -> None:
    """A ref that looks like an option is no option of git's."""
    with pytest.raises(Trouble, match="no such commit"):
        resolve(toy, against="--all")


def test_shallow_clone(toy: Toy) -> None:
    """A history that is cut off says how to get the rest, with status 3."""
    toy.commit()
    mine = clone(toy, "mine", "--depth=1")

    with pytest.raises(Trouble, match=r"head has no parent.*git fetch --unshallow.*fetch-depth: 0") as caught:
        resolve(mine)

    assert caught.value.status is Status.COULD_NOT_RUN


def test_missing_merge_base(toy: Toy) -> None:
    """Histories that have nothing in common ask for --against, with status 3."""
    mine = clone(toy, "mine")
    mine.git("checkout", "-q", "--orphan", "other")
    mine.commit(toy__unrelated="")

    with pytest.raises(Trouble, match="origin/main and head have no merge base; give --against REF") as caught:
        resolve(mine)

    assert caught.value.status is Status.COULD_NOT_RUN


def test_first_commit(toy: Toy) -> None:
    """A first commit has nothing to be compared with."""
    with pytest.raises(Trouble, match="head has no parent to compare with; give --against REF"):
        resolve(toy)


def test_same_commit_twice(toy: Toy) -> None:
    """Base and head that are the same commit make no comparison."""
    with pytest.raises(Trouble, match="--against main: base and head are the same commit") as caught:
        resolve(toy, "main")

    assert caught.value.status is Status.USAGE


def test_no_repository(tmp_path: Path) -> None:
    """A folder outside any repository is refused."""
    with pytest.raises(Trouble, match="is in no git repository"):
        Repository.holding(tmp_path)


def test_working_tree_is_head(toy: Toy) -> None:
    """Head has what is changed, deleted and new in the working tree, and nothing that git ignores."""
    toy.commit(toy__gone="")
    for name, text in {"toy/__init__.py": "changed", "toy/new.py": "new", "x.ignored": "ignored"}.items():
        (toy.top / name).write_text(text)
    (toy.top / "toy/gone.py").unlink()
    before = toy.state()
    repository = Repository.holding(toy.top)

    with Worktrees(repository) as worktrees:
        tree = worktrees.add("head", refs.head(repository, WORKING_TREE))
        found = {str(path.relative_to(tree)): path.read_text() for path in tree.rglob("*.*") if path.is_file()}
        inside = toy.git("worktree", "list")

    assert len(inside.splitlines()) == 2
    assert found["toy/__init__.py"] == "changed"
    assert found["toy/new.py"] == "new"
    assert not {"toy/gone.py", "x.ignored"} & set(found)
    assert toy.state() == before
    assert not worktrees.folder.exists()


def test_changes_of_kind_stay_in_the_worktree(toy: Toy, tmp_path: Path) -> None:
    """A link, a file or a folder that has become another of these becomes so there; nothing goes through a link."""
    outside = tmp_path / "outside"
    outside.mkdir()
    (outside / "mod.py").write_text("theirs")
    for name in ("folder_link", "folder_file"):
        (toy.top / name).mkdir()
        (toy.top / name / "mod.py").write_text("ours")
    (toy.top / "link_folder").symlink_to(outside)
    (toy.top / "link_file").symlink_to(outside / "mod.py")
    (toy.top / "file_folder").write_text("ours")
    (toy.top / "file_link").write_text("ours")
    toy.commit()
    for name in ("folder_link", "folder_file"):
        shutil.rmtree(toy.top / name)
    for name in ("link_folder", "link_file", "file_folder", "file_link"):
        (toy.top / name).unlink()
    for name in ("folder_link", "file_link"):
        (toy.top / name).symlink_to(outside)
    for name in ("link_folder", "file_folder"):
        (toy.top / name).mkdir()
        (toy.top / name / "mod.py").write_text("changed")
    for name in ("folder_file", "link_file"):
        (toy.top / name).write_text("changed")
    repository = Repository.holding(toy.top)

    with Worktrees(repository) as worktrees:
        tree = worktrees.add("head", refs.head(repository, WORKING_TREE))

        for name in ("folder_link", "file_link"):
            assert (tree / name).readlink() == outside
        for name in ("link_folder/mod.py", "file_folder/mod.py", "folder_file", "link_file"):
            assert (tree / name).read_text() == "changed"
            assert not (tree / name.partition("/")[0]).is_symlink()
    assert [(path.name, path.read_text()) for path in outside.iterdir()] == [("mod.py", "theirs")]


def test_another_ref_has_none_of_the_changes(toy: Toy) -> None:
    """A commit is checked out as it was committed; paths of both sides are of one length."""
    (toy.top / "toy/__init__.py").write_text("changed")
    repository = Repository.holding(toy.top)

    with Worktrees(repository) as worktrees:
        base = worktrees.add("base", refs.head(repository, "HEAD"))
        head = worktrees.add("head", refs.head(repository, "HEAD"))

        assert "changed" not in (base / "toy/__init__.py").read_text()
        assert len(str(base)) == len(str(head))


def test_worktrees_of_two_runs_at_once(toy: Toy) -> None:
    """Two processes that check out the same states at the same time do not meet, and both leave nothing."""
    before = toy.state()
    script = (
        "import sys, pathlib\n"
        "from bench.gate import refs\n"
        "from bench.gate.git import Repository\n"
        "from bench.gate.worktrees import Worktrees\n"
        "repository = Repository.holding(pathlib.Path(sys.argv[1]))\n"
        "for _ in range(5):\n"
        "    with Worktrees(repository) as trees:\n"
        "        ref = refs.head(repository, 'HEAD')\n"
        "        assert all((trees.add(name, ref) / 'toy/__init__.py').exists() for name in ('base', 'head'))\n"
    )
    root = Path(__file__).parents[2]
    both = [
        subprocess.Popen([sys.executable, "-c", script, toy.top], cwd=root, stderr=subprocess.PIPE, encoding="utf-8")
        for _ in range(2)
    ]

    assert [(process.communicate()[1], process.returncode) for process in both] == [("", 0), ("", 0)]
    assert toy.state() == before


def test_hooks_of_the_user_do_not_run(toy: Toy, tmp_path: Path) -> None:
    """A hook for checkouts is none of a gate run's business."""
    hook = toy.top / ".git/hooks/post-checkout"
    hook.write_text(f"#!/bin/sh\ntouch {tmp_path}/ran\n")
    hook.chmod(0o755)
    repository = Repository.holding(toy.top)

    with Worktrees(repository) as worktrees:
        worktrees.add("base", refs.head(repository, "HEAD"))

    assert not (tmp_path / "ran").exists()
