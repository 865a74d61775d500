"""Write a file whole or not at all."""

import errno
import os
import tempfile
from pathlib import Path


def replace(path: Path, text: str) -> None:
    """Make `path` hold `text`, in one step: whoever reads it sees the old or the new, whole. Raises OSError."""
    if path.exists() and not (path.is_file() or path.is_dir()):  # a device, of which a file would take the place
        raise OSError(errno.EINVAL, "it is not a regular file", str(path))
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
