"""The choice as a few lines of Python to paste, by the standard library where it has the executor."""

from flagkit.advise.records import Candidate
from flagkit.advise.target import Target
from flagkit.executors import resolve

__all__ = ["snippet"]


def snippet(target: Target, candidate: Candidate) -> str:
    """Return the code; function and items keep the names that they were given by, where they were given by name."""
    module, _, name = target.name.partition(":")
    importable = name.isidentifier() and module != "__main__"
    function = name if importable else "function"
    imports = [f"from {module} import {name}"] if importable else []
    if candidate.kind == "serial":
        return "\n".join([*imports, *([""] if imports else []), f"results = [{function}(item) for item in items]"])
    extra, made = _made(candidate)
    if target.setup is not None and candidate.kind != "thread":
        setup_name = target.setup.partition(":")[2] if isinstance(target.setup, str) else target.setup.__name__
        made = f"{made[:-1]}, initializer={setup_name})"
    chunks = f", chunksize={candidate.chunksize}" if candidate.chunksize > 1 else ""
    body = [f"with {made} as pool:", f"    results = list(pool.map({function}, items{chunks}))"]
    if candidate.kind != "thread":  # whose workers import the main module
        body = ['if __name__ == "__main__":', *(f"    {line}" for line in body)]
    return "\n".join([*extra, *imports, "", *body])


def _made(candidate: Candidate) -> tuple[list[str], str]:
    spec, workers = resolve(candidate.kind), candidate.workers
    if candidate.kind == "thread":
        return ["from concurrent.futures import ThreadPoolExecutor"], f"ThreadPoolExecutor({workers})"
    if candidate.kind == "interpreter":
        return ["from concurrent.futures import InterpreterPoolExecutor"], f"InterpreterPoolExecutor({workers})"
    if candidate.kind == f"process-{spec.start_method}":
        imports = ["from concurrent.futures import ProcessPoolExecutor", "from multiprocessing import get_context"]
        return imports, f'ProcessPoolExecutor({workers}, get_context("{spec.start_method}"))'
    return ["from flagkit.executors import make"], f'make("{candidate.kind}", {workers})'
