"""`flagkit serve`: the three servers of the book, or one with a behaviour of its own."""

import argparse
from dataclasses import replace
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from flagkit.flags.behaviour import BEHAVIOURS, DEFAULT_SEED, Behaviour, Hosted
from flagkit.flags.sites import SITES
from flagkit.usage import UsageError, at_least, say, seconds, share

if TYPE_CHECKING:
    from flagkit.flags.serving import FlagUvicorn

__all__ = ["add_parser", "run"]

EXAMPLES = """\
examples:
  flagkit serve                                        LOCAL, DELAY and ERROR, as the downloader expects them
  flagkit serve --port 8010 --delay 0.2 1.5            every answer after 0.2 to 1.5 seconds
  flagkit serve --port 8010 --error-rate 0.1 --seed 7  a tenth of the answers an error, the same ones each time

An error is HTTP 500, 503 or 418, or a connection closed before an answer. Delays and errors are drawn from the seed
by code and attempt: the header Flagkit-Attempt says which attempt it is, and without it the server counts.
"""

LONGEST_PORT = 65_535
DELAYS = (1, 2)


def add_parser(subparsers: Any) -> argparse.ArgumentParser:
    """Add the command to the program's subparsers."""
    parser: argparse.ArgumentParser = subparsers.add_parser(
        "serve",
        help="serve country flags",
        description="Serve country flags: at once, late, or with errors. Without --port, --delay, --delay-rate and "
        "--error-rate, three servers at once.",
        epilog=EXAMPLES,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.set_defaults(run=run)
    parser.add_argument(
        "--host", default="localhost", help="name or address to listen at (default: localhost, on 127.0.0.1 and ::1)"
    )
    parser.add_argument(
        "--port", metavar="N", type=at_least(0), help="port to listen at; 0: any that is free (default: 8001)"
    )
    parser.add_argument(
        "--delay", metavar="S", nargs="+", type=seconds, help="seconds before an answer, or from S to S (default: 0)"
    )
    parser.add_argument("--delay-rate", metavar="P", type=share, help="share of answers with a delay (default: 1)")
    parser.add_argument("--error-rate", metavar="P", type=share, help="share of answers that are errors (default: 0)")
    parser.add_argument(
        "--seed",
        metavar="N",
        type=int,
        default=DEFAULT_SEED,
        help="of what is drawn: delays, errors (default: %(default)s)",
    )
    parser.add_argument("-v", "--verbose", action="store_true", help="a line for each request")
    return parser


def run(options: argparse.Namespace) -> int:
    """Serve until Ctrl-C or SIGTERM, and return 0."""
    hosted = _hosted(options)
    from flagkit.flags.serving import PortError, serve  # noqa: PLC0415 - uvicorn, which a download does not need

    def ready(_: "FlagUvicorn", served: list[Hosted]) -> None:
        for server in served:
            say(f"{server.label}: http://{_in_url(options.host)}:{server.port}/flags ({server.behaviour})")
        say("Ctrl-C ends the serving.")

    try:
        serve(hosted, ready, host=options.host, access_log=options.verbose)
    except PortError as error:
        raise UsageError(f"{error}: choose another with --port or --host") from None
    return 0


def _hosted(options: argparse.Namespace) -> list[Hosted]:
    if (options.port, options.delay, options.delay_rate, options.error_rate) == (None, None, None, None):
        return [
            Hosted(label, replace(behaviour, seed=options.seed), port=_port(label))
            for label, behaviour in BEHAVIOURS.items()
        ]
    port: int = _port("LOCAL") if options.port is None else options.port
    if port > LONGEST_PORT:
        raise UsageError(f"--port must be at most {LONGEST_PORT}, not {port}")
    return [Hosted("CUSTOM", _behaviour(options), port=port)]


def _port(label: str) -> int:
    return urlsplit(SITES[label]).port or 0


def _behaviour(options: argparse.Namespace) -> Behaviour:
    delay = options.delay or [0.0]
    if len(delay) not in DELAYS:
        raise UsageError("--delay takes one number of seconds, or two: the shortest and the longest")
    try:
        return Behaviour(
            delay_s=(delay[0], delay[-1]),
            delay_rate=1.0 if options.delay_rate is None else options.delay_rate,
            error_rate=options.error_rate or 0.0,
            seed=options.seed,
        )
    except ValueError as error:
        raise UsageError(str(error)) from None


def _in_url(host: str) -> str:
    return f"[{host}]" if ":" in host else host
