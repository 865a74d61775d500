"""`flagkit download`: what it takes, what it says, and how it ends."""

import argparse
import sys
from contextlib import ExitStack
from pathlib import Path
from typing import Any

from flagkit import executors
from flagkit.flags.behaviour import BEHAVIOURS
from flagkit.flags.client import TIMEOUT_S
from flagkit.flags.codes import CodeError, select
from flagkit.flags.file_limit import raise_file_limit
from flagkit.flags.hosting import FlagServer, FlagServerError
from flagkit.flags.many import DownloadInterruptedError, download_many
from flagkit.flags.pool import WorkersError, concurrency
from flagkit.flags.report import closing, complaint, opening, progress_of
from flagkit.flags.results import Tally
from flagkit.flags.sessions import import_requests
from flagkit.flags.sites import SITES, Site, SiteError, Visitor, advice, check_url, look, site_of
from flagkit.usage import UsageError, at_least, say, time_limit

__all__ = ["add_parser", "run"]

EXAMPLES = """\
examples:
  flagkit download                       the flags of the 20 countries with the most people
  flagkit download br fr                 two flags
  flagkit download b -v                  BA to BZ, a line for each
  flagkit download -a -x process         all 194 countries, by processes
  flagkit download -e -m 100 -s DELAY    AA to ZZ, 100 at a time, from the slow server
  flagkit download -e -s ERROR --retries 3
"""


ENDS = """\
environment:
  FLAGKIT_LOCAL_URL, FLAGKIT_DELAY_URL, FLAGKIT_ERROR_URL, FLAGKIT_REMOTE_URL: where a server is instead
  FLAGKIT_DASK_ADDRESS: what --dask-address is when that is not given

exit status:
  0 every flag was saved, or there is none; 1 some errors; 2 usage error, nothing was downloaded; 130 Ctrl-C
"""

EMBEDDED = "Nothing answers there: a server was started for this run alone."
EMBEDDED_ELSEWHERE = "Another run's server is at port {port}: one more was started for this run alone."


def add_parser(subparsers: Any) -> argparse.ArgumentParser:
    """Add the command to the program's subparsers."""
    parser: argparse.ArgumentParser = subparsers.add_parser(
        "download",
        help="download country flags",
        description="Download country flags, and tell how many were found and how long it took.",
        epilog=f"{EXAMPLES}\n{_kinds()}\n\n{_servers()}\n\n{ENDS}",
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.set_defaults(run=run)
    which = parser.add_argument_group("which flags")
    which.add_argument("cc", metavar="CC", nargs="*", help="country code or first letter (b means BA to BZ)")
    which.add_argument("-a", "--all", action="store_true", help="all 194 countries")
    which.add_argument("-e", "--every", action="store_true", help="every code from AA to ZZ, 676")
    which.add_argument("-l", "--limit", metavar="N", type=at_least(1), help="the first N of those chosen")
    how = parser.add_argument_group("how")
    how.add_argument(
        "-x",
        "--executor",
        metavar="KIND",
        choices=(*executors.EXECUTORS, "process"),
        default="thread",
        help="executor kind, see below (default: thread)",
    )
    how.add_argument(
        "-m",
        "--max_req",
        "--max-req",
        metavar="N",
        type=at_least(1),
        help="concurrent connections (default: serial 1, thread 30, other kinds one a processor)",
    )
    how.add_argument(
        "--dask-address",
        metavar="URL",
        help="a Dask cluster's scheduler, such as tcp://host:8786, for -x dask (default: a cluster of this machine)",
    )
    how.add_argument(
        "-d",
        "--dest",
        metavar="DIR",
        type=Path,
        default=Path("downloads"),
        help="where to save them (default: downloads)",
    )
    how.add_argument(
        "--timeout",
        metavar="S",
        type=time_limit,
        default=TIMEOUT_S,
        help="seconds to wait for an answer (default: %(default)g)",
    )
    how.add_argument("--retries", metavar="N", type=at_least(0), default=0, help="further attempts (default: 0)")
    how.add_argument("-v", "--verbose", action="store_true", help="a line for each code instead of a progress bar")
    where = parser.add_argument_group("from where").add_mutually_exclusive_group()
    where.add_argument(
        "-s",
        "--server",
        metavar="LABEL",
        type=str.upper,
        choices=tuple(SITES),
        default="LOCAL",
        help="server label, see below (default: LOCAL)",
    )
    where.add_argument("--base-url", metavar="URL", help="another server, whose flags are at URL/cc/cc.gif")
    return parser


def run(options: argparse.Namespace) -> int:
    """Download, report, and return the exit status; UsageError before anything is downloaded."""
    codes = _codes(options)
    executor_options = _executor_options(options)
    workers = min(_workers(options), len(codes))
    site = _site(options)
    _create(options.dest)
    raise_file_limit()
    with ExitStack() as ending:
        site, remark = _serve_if_missing(site, ending)
        import_requests()  # before the clock runs
        say(opening(site, codes, workers, remark))
        try:
            with progress_of(len(codes), verbose=options.verbose) as progress:
                tally = download_many(
                    codes,
                    base_url=site.base_url,
                    dest=options.dest,
                    executor=options.executor,
                    executor_options=executor_options,
                    workers=workers,
                    timeout_s=options.timeout,
                    retries=options.retries,
                    progress=progress,
                )
        except executors.UnavailableError as error:
            raise UsageError(str(error)) from None
        except WorkersError as error:
            raise UsageError(f"{error}: ask for fewer with --max_req") from None
        except KeyboardInterrupt as interrupted:
            tally = (
                interrupted.tally
                if isinstance(interrupted, DownloadInterruptedError)
                else Tally((), workers, elapsed_s=0.0)  # before the first code
            )
            say(closing(tally))
            say(f"Interrupted: {len(tally.results)} of {len(codes)} codes were done.")
            raise
    say(closing(tally))
    if tally.pools_replaced:
        _warn(f"A worker died and its pool was replaced: {tally.pools_replaced} in all.")
    if tally.errors and not options.verbose:
        _warn(complaint(tally))
    return 1 if tally.errors else 0


def _codes(options: argparse.Namespace) -> list[str]:
    try:
        return select(options.cc, all_known=options.all, every=options.every, limit=options.limit)
    except CodeError as error:
        raise UsageError(str(error)) from None


def _workers(options: argparse.Namespace) -> int:
    spec = executors.resolve(options.executor)
    if reason := spec.unavailable():
        there_are = ", ".join(executors.available())
        raise UsageError(f"executor {options.executor} is not available here: {reason}; available: {there_are}")
    limits = concurrency(options.executor)
    workers: int = options.max_req or limits.default
    if workers > limits.most:
        raise UsageError(f"--max_req: {options.executor} has at most {limits.most}, not {workers}")
    return workers


def _executor_options(options: argparse.Namespace) -> dict[str, Any]:
    if options.dask_address is None:
        return {}
    if options.executor != "dask":
        raise UsageError(f"--dask-address goes with -x dask, not with {options.executor}")
    return {"address": options.dask_address}


def _site(options: argparse.Namespace) -> Site:
    try:
        if options.base_url is not None:
            return Site("CUSTOM", check_url(options.base_url, "--base-url"))
        return site_of(options.server)
    except SiteError as error:
        raise UsageError(str(error)) from None


def _create(dest: Path) -> None:
    try:
        dest.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise UsageError(f"cannot create {dest} ({error.strerror}): choose another folder with --dest") from None


def _serve_if_missing(site: Site, ending: ExitStack) -> tuple[Site, str]:
    """Start a server of our own where a site on this machine has none; return the site, and a line that says so."""
    if not site.may_be_embedded:
        return site, ""
    try:
        visitor = look(site)
        if visitor is Visitor.FLAGKIT:
            return site, ""
        behaviour = BEHAVIOURS[site.label]
        if visitor is Visitor.NOTHING:
            ending.enter_context(FlagServer(behaviour, label=site.label, port=site.port))
            return site, EMBEDDED
        # It would end with the run that started it, in the midst of this one.
        server = ending.enter_context(FlagServer(behaviour, label=site.label))
    except SiteError as error:
        raise UsageError(str(error)) from None
    except FlagServerError as error:
        raise UsageError(f"the {site.label} server cannot be started, {error}: {advice(site)}") from None
    return Site(site.label, server.base_url), EMBEDDED_ELSEWHERE.format(port=site.port)


def _kinds() -> str:
    lines = ["executor kinds:"]
    for kind, spec in executors.EXECUTORS.items():
        reason = spec.unavailable()
        lines.append(f"  {kind:<20} {spec.summary}" + (f" (not available here: {reason})" if reason else ""))
    default = executors.resolve("process").kind
    return "\n".join([*lines, f"  {'process':<20} the same as {default}"])


def _servers() -> str:
    lines = ["servers, of which the first three are started for the run when nothing answers there:"]
    for label, url in SITES.items():
        behaviour = f"; {BEHAVIOURS[label]}" if label in BEHAVIOURS else ""
        lines.append(f"  {label:<7} {url}{behaviour}")
    return "\n".join(lines)


def _warn(line: str) -> None:
    sys.stderr.write(f"{line}\n")
