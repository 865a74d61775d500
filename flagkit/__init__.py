"""What concurrency costs in Python: one small program whose work runs on every kind of executor.

`flagkit.executors` offers the executors by name, `flagkit.work` the CPU work, `flagkit.payloads` what is sent between
workers and `flagkit.flags` the I/O work, a downloader of country flags with a server to go with it.
"""

__all__ = ["__version__"]


def __getattr__(name: str) -> str:
    """Look the version up when it is first asked for: what that imports takes longer than the rest of this package."""
    if name != "__version__":
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    from importlib.metadata import version  # noqa: PLC0415 - see above

    return version("flagkit")
