"""Which two states of a repository are compared: base and head."""

from dataclasses import dataclass

from bench.gate.git import Repository
from bench.gate.trouble import Trouble, usage

MAIN = "origin/main"
WORKING_TREE = "working tree"


@dataclass(frozen=True, slots=True)
class Ref:
    """What was asked for, the commit that it means, and whether the working tree's changes belong to it."""

    given: str
    commit: str
    is_working_tree: bool = False
    is_dirty: bool = False


def head(repository: Repository, given: str) -> Ref:
    """Resolve head: a ref, or the working tree with all that is not committed; raises Trouble."""
    if given != WORKING_TREE:
        return Ref(given, _commit(repository, "--head", given))
    commit = repository.commit("HEAD")
    if commit is None:
        raise Trouble("this repository has no commit yet: there is nothing to compare with")
    return Ref(given, commit, is_working_tree=True, is_dirty=repository.is_dirty())


def base(repository: Repository, given: str | None, head_ref: Ref) -> Ref:
    """Resolve base: a ref, or else where head left origin/main, or else head's parent; raises Trouble.

    A change that is not committed is compared with its commit where that is on origin/main already.
    """
    if given is not None:
        found = Ref(given, _commit(repository, "--against", given))
        if found.commit == head_ref.commit and not head_ref.is_dirty:
            raise usage(f"--against {given}: base and head are the same commit, {found.commit[:10]}")
        return found
    if repository.commit(MAIN) is not None:
        parting = repository.merge_base(MAIN, head_ref.commit)
        if parting is None:
            raise Trouble(f"{MAIN} and head have no merge base{_advice(repository)}")
        if parting != head_ref.commit or head_ref.is_dirty:
            return Ref(f"merge base with {MAIN}", parting)
    parent = repository.commit(f"{head_ref.commit}~1")
    if parent is None:
        raise Trouble(f"head has no parent to compare with{_advice(repository)}")
    return Ref("HEAD~1" if head_ref.is_working_tree else f"{head_ref.given}~1", parent)


def _commit(repository: Repository, option: str, given: str) -> str:
    commit = repository.commit(given)
    if commit is None:
        hint = "; the clone is shallow: git fetch --unshallow" if repository.is_shallow() else ""
        raise usage(f"{option} {given}: there is no such commit here{hint}")
    return commit


def _advice(repository: Repository) -> str:
    if repository.is_shallow():
        return ": the clone is shallow; run git fetch --unshallow, or check out with fetch-depth: 0"
    return "; give --against REF"
