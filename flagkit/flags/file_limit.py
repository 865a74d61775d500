"""How many files a process may have open, connections among them: as many as the system lets it have."""

__all__ = ["FILES", "raise_file_limit"]

FILES = 8192
"""Connections for 1,000 clients several times over, and fewer than macOS allows a process."""


def raise_file_limit() -> None:
    """Allow FILES connections, or as many as the system does: the usual 1,024, or 256 on macOS, are too few."""
    try:
        import resource  # noqa: PLC0415 - not on Windows, which has no such limit
    except ImportError:
        return
    limit, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    # Without a limit there is one all the same, on macOS, and to ask for more is an error
    wanted = FILES if hard == resource.RLIM_INFINITY else min(FILES, hard)
    if limit != resource.RLIM_INFINITY and limit < wanted:
        resource.setrlimit(resource.RLIMIT_NOFILE, (wanted, hard))
