"""How fast does the flag server answer? In turn with `python -m http.server`, by h2load, over HTTP/1.1.

Both have 30 clients, as the downloader has. The flag server keeps their connections; http.server closes each after its
answer, and lets five wait to be accepted: what that costs its clients is a part of the ratio.
"""

import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from bench.instrument.extent import choose
from bench.instrument.measure import Measure
from flagkit.flags import FlagServer
from flagkit.flags.images import draw_flag

CLIENTS = 30


@pytest.fixture
def http_server(tmp_path: Path) -> Iterator[str]:
    """Serve one of the flags by the standard library's server; yield its base URL."""
    (tmp_path / "br").mkdir()
    (tmp_path / "br" / "br.gif").write_bytes(draw_flag("BR"))
    command = [sys.executable, "-u", "-m", "http.server", "0", "--bind", "127.0.0.1", "--directory", str(tmp_path)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True) as process:  # noqa: S603 - this Python
        assert process.stdout is not None
        yield re.findall(r"http://[\d.:]+", process.stdout.readline())[0]
        process.kill()


def test_server(http_server: str, measure: Measure, pytestconfig: pytest.Config) -> None:
    """Answer requests for one flag to 30 clients at once, against the standard library's server."""
    h2load = shutil.which("h2load")
    if h2load is None:
        pytest.skip("h2load is not installed (Debian: nghttp2-client): it is what asks fast enough")
    requests = choose(pytestconfig, quick=100, default=300, thorough=2000)

    def ask(base_url: str) -> str:
        command = [h2load, "--h1", "-t", "1", "-c", str(CLIENTS), "-n", str(requests), f"{base_url}/br/br.gif"]
        return subprocess.run(command, check=True, capture_output=True, text=True).stdout  # noqa: S603 - h2load

    def check(told: str) -> None:
        assert f" {requests} succeeded, 0 failed, 0 errored, 0 timeout" in told, told
        assert f"status codes: {requests} 2xx" in told, told

    check(ask(http_server))
    with FlagServer() as server:
        measure(
            lambda: ask(server.base_url),
            expect=check,
            reference=lambda: ask(http_server),
            reference_name="python -m http.server",
            parameters={
                "suite": "server",
                "server": server.label,
                "clients": CLIENTS,
                "requests": requests,
                "temperature": "warm",
            },
        )
