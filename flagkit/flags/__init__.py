"""The flag downloader and its server: I/O work that runs on every executor kind.

`download_many` downloads, `FlagServer` serves; `get_flag`, `save_flag` and `download_one` are the steps of a download.
"""

from flagkit.flags.behaviour import BEHAVIOURS, Behaviour
from flagkit.flags.client import FlagError, FlagNotFoundError, Job, download_one, get_flag, save_flag
from flagkit.flags.codes import MOST_POPULOUS, CodeError, countries, every_code, expand, select
from flagkit.flags.hosting import FlagServer, FlagServerError
from flagkit.flags.many import DownloadInterruptedError, download_many
from flagkit.flags.pool import WorkersError
from flagkit.flags.results import Result, Status, Tally
from flagkit.flags.sessions import close_sessions

__all__ = [
    "BEHAVIOURS",
    "MOST_POPULOUS",
    "Behaviour",
    "CodeError",
    "DownloadInterruptedError",
    "FlagError",
    "FlagNotFoundError",
    "FlagServer",
    "FlagServerError",
    "Job",
    "Result",
    "Status",
    "Tally",
    "WorkersError",
    "close_sessions",
    "countries",
    "download_many",
    "download_one",
    "every_code",
    "expand",
    "get_flag",
    "save_flag",
    "select",
]
