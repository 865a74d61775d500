"""What concurrency costs in Python: one small program whose work runs on every kind of executor.

`flagkit.executors` offers the executors by name, `flagkit.work` the CPU work, `flagkit.payloads` what is sent between
workers and `flagkit.flags` the I/O work, a downloader of country flags with a server to go with it.
"""

from importlib.metadata import version

__all__ = ["__version__"]

__version__ = version("flagkit")
