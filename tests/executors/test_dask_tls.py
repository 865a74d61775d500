"""Dask over TLS, by Dask's own configuration alone: nothing of flagkit knows a certificate."""

import os
import shutil
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from flagkit.executors import EXECUTORS

OPENSSL = shutil.which("openssl") or ""
REASON = EXECUTORS["dask"].unavailable()
pytestmark = [
    pytest.mark.once,
    pytest.mark.skipif(REASON is not None, reason=str(REASON)),
    pytest.mark.skipif(not OPENSSL, reason="there is no openssl command to make certificates"),
]

CLIENT = """
from flagkit.executors import UnavailableError, make
try:
    with make("dask", 1) as pool:
        print(pool._client.scheduler.address, pool.submit(pow, 3, 4).result(60))
except UnavailableError as error:
    print(error)
"""


class Cluster:
    """A scheduler and a worker as programs, which speak TLS and nothing else."""

    def __init__(self, address: str, settings: dict[str, str]) -> None:
        self.address = address
        self.settings = settings

    def ask(self, **changes: str) -> str:
        """Run the client as a program, with the cluster's settings but for the changes; return what it prints."""
        done = subprocess.run(
            [sys.executable, "-c", CLIENT],
            env={**os.environ, "FLAGKIT_DASK_ADDRESS": self.address, **self.settings, **changes},
            capture_output=True,
            text=True,
            timeout=120,
            check=False,
        )
        assert done.returncode == 0, done.stderr
        return done.stdout.strip()


def openssl(folder: Path, *arguments: str) -> None:
    """Run openssl in a folder."""
    subprocess.run([OPENSSL, *arguments], cwd=folder, check=True, capture_output=True, text=True)


def certify(folder: Path, authority: str, name: str) -> dict[str, str]:
    """Make an authority of one's own and a certificate by it for this machine; return Dask's settings for them."""
    key = ["-newkey", "rsa:2048", "-nodes", "-days", "2"]
    openssl(folder, "req", "-x509", *key, "-keyout", f"{authority}.key", "-out", f"{authority}.pem", "-subj", "/CN=own")
    openssl(
        folder,
        *("req", "-x509", *key, "-keyout", f"{name}.key", "-out", f"{name}.pem", "-subj", "/CN=localhost"),
        *("-CA", f"{authority}.pem", "-CAkey", f"{authority}.key"),
        *("-addext", "subjectAltName=IP:127.0.0.1,DNS:localhost", "-addext", "basicConstraints=critical,CA:FALSE"),
    )
    tls = {"DASK_DISTRIBUTED__COMM__TLS__CA_FILE": str(folder / f"{authority}.pem")}
    for role in ("SCHEDULER", "WORKER", "CLIENT"):
        tls[f"DASK_DISTRIBUTED__COMM__TLS__{role}__CERT"] = str(folder / f"{name}.pem")
        tls[f"DASK_DISTRIBUTED__COMM__TLS__{role}__KEY"] = str(folder / f"{name}.key")
    return tls


def wait_for(port: int, within_s: float = 60.0) -> None:
    """Wait until something listens at a port of this machine."""
    deadline = time.monotonic() + within_s
    while True:
        try:
            socket.create_connection(("127.0.0.1", port), 5).close()
        except ConnectionRefusedError:
            assert time.monotonic() < deadline, f"nothing listens at port {port}"
            time.sleep(0.1)
        else:
            return


@pytest.fixture(scope="module")
def cluster(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Cluster]:
    """Run a cluster whose scheduler and worker refuse whatever is not encrypted."""
    folder = tmp_path_factory.mktemp("tls")
    settings = {**certify(folder, "authority", "host"), "DASK_DISTRIBUTED__COMM__REQUIRE_ENCRYPTION": "True"}
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
    address = f"tls://127.0.0.1:{port}"
    commands = [
        ["-m", "distributed.cli.dask_scheduler", "--host", address, "--no-dashboard"],
        [
            "-m",
            "distributed.cli.dask_worker",
            address,
            "--host",
            "tls://127.0.0.1",
            "--nthreads",
            "1",
            "--no-dashboard",
        ],
    ]
    commands[1] += ["--local-directory", str(folder / "worker")]
    programs = [
        subprocess.Popen(
            [sys.executable, *command],
            env={**os.environ, **settings},
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        for command in commands
    ]
    try:
        wait_for(port)
        yield Cluster(address, settings)
    finally:
        for program in reversed(programs):
            program.terminate()
            program.wait(30)


def test_tasks_run_over_tls(cluster: Cluster) -> None:
    """With Dask's variables for certificates, a `tls://` address is used as any other, and what comes back is right."""
    address, power = cluster.ask().split()
    assert (address, power) == (cluster.address, "81")


def test_who_is_not_of_the_authority_is_refused(cluster: Cluster, tmp_path: Path) -> None:
    """A client whose certificate another authority has made gets one line that names the address, and no result."""
    told = cluster.ask(**certify(tmp_path, "other", "stranger"))
    assert told.startswith(f"no Dask scheduler at {cluster.address}: ")


def test_who_does_not_encrypt_is_refused(cluster: Cluster) -> None:
    """A client that comes by plain TCP gets no further."""
    plain = cluster.address.replace("tls://", "tcp://")
    told = cluster.ask(FLAGKIT_DASK_ADDRESS=plain, DASK_DISTRIBUTED__COMM__REQUIRE_ENCRYPTION="False")
    assert told.startswith(f"no Dask scheduler at {plain}: ")
