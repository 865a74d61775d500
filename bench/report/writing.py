"""Write a file whole or not at all."""

import os
import tempfile
from pathlib import Path


def replace(path: Path, text: str) -> None:
    """Make `path` hold `text`, in one step: whoever reads it sees the old or the new, whole. Raises OSError."""
    path.parent.mkdir(parents=True, exist_ok=True)
    handle, name = tempfile.mkstemp(prefix=f".{path.name}.", dir=path.parent)
    temporary = Path(name)
    try:
        with os.fdopen(handle, "w", encoding="utf-8", newline="\n") as file:
            file.write(text)
        temporary.chmod(0o644)  # mkstemp's own mode would hide the page from a web server
        temporary.replace(path)
    finally:
        temporary.unlink(missing_ok=True)
