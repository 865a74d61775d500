"""Dask over a network: a scheduler and two workers on hosts of their own, one of which loses its power."""

import json
import os
import shutil
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest

from flagkit.executors import EXECUTORS
from flagkit.flags.codes import select
from flagkit.work import WORKLOADS

IP = shutil.which("ip") or ""
REASON = EXECUTORS["dask"].unavailable()
pytestmark = [
    pytest.mark.once,
    pytest.mark.skipif(REASON is not None, reason=str(REASON)),
    pytest.mark.skipif(sys.platform != "linux", reason=f"{sys.platform} has no network namespaces"),
    pytest.mark.skipif(not hasattr(os, "geteuid") or os.geteuid() != 0, reason="network namespaces need root"),
    pytest.mark.skipif(not IP, reason="there is no ip command (install iproute2)"),
]

OWN_MEMORY = 'mount -t tmpfs tmpfs /dev/shm && exec "$@"'
"""A host has its own: semaphores of what is killed there, resource trackers and all, go with it."""
ADDRESSES = {"head": "10.77.0.1", "one": "10.77.0.2", "two": "10.77.0.3"}
SCHEDULER = f"tcp://{ADDRESSES['head']}:8786"
FLAGS = f"http://{ADDRESSES['head']}:8001/flags"
REPEATS = 30
"""How often the seed's four pairs are computed."""

CLIENT = """
import json, os, sys
from collections import Counter
from functools import partial
from flagkit.executors import make, warm
from flagkit.flags import download_many
from flagkit.work import WORKLOADS

repeats, base_url, folder = int(sys.argv[1]), sys.argv[2], sys.argv[3]
with make("dask", 2) as pool:
    processes = [process for process, _ in warm(pool, 2)]
    gcd = WORKLOADS["gcd-seed"]
    done = Counter()

    def count(number, future):
        done[number] += 1
        if sum(done.values()) == len(gcd.items):
            print("halfway", flush=True)

    futures = [pool.submit(gcd.function, item) for _ in range(repeats) for item in gcd.items]
    for number, future in enumerate(futures):
        future.add_done_callback(partial(count, number))
    results = [future.result() for future in futures]
    tally = download_many(sys.argv[4:], base_url=base_url, dest=folder, executor=pool, workers=2)
    left = len({pool.submit(os.getpid).result() for _ in range(10)})
print(json.dumps({
    "processes": processes,
    "results": results,
    "times": sorted(set(done.values())),
    "number": len(done),
    "codes": [result.code for result in tally.results],
    "downloaded": tally.downloaded,
    "left": left,
}))
"""


class Network:
    """Hosts on one switch: network namespaces whose veths meet in a bridge of the head's."""

    def __init__(self) -> None:
        self._prefix = f"flagkit{os.getpid()}"
        self._programs: dict[str, list[subprocess.Popen[str]]] = {host: [] for host in ADDRESSES}

    def build(self) -> None:
        """Make the hosts, wire them, and give them their addresses."""
        for host in ADDRESSES:
            ip("netns", "add", self._name(host))
            self.on(host, "link", "set", "lo", "up")
        self.on("head", "link", "add", "switch", "type", "bridge")
        for host, address in ADDRESSES.items():
            if host == "head":
                self.on("head", "addr", "add", f"{address}/24", "dev", "switch")
                self.on("head", "link", "set", "switch", "up")
                continue
            self.on("head", "link", "add", f"to-{host}", "type", "veth", "peer", "eth0", "netns", self._name(host))
            self.on("head", "link", "set", f"to-{host}", "master", "switch")
            self.on("head", "link", "set", f"to-{host}", "up")
            self.on(host, "addr", "add", f"{address}/24", "dev", "eth0")
            self.on(host, "link", "set", "eth0", "up")

    def on(self, host: str, *arguments: str) -> None:
        """Run ip on a host."""
        ip("-n", self._name(host), *arguments)

    def start(self, host: str, *command: str, **environment: str) -> "subprocess.Popen[str]":
        """Start a program on a host."""
        program = subprocess.Popen(
            [IP, "netns", "exec", self._name(host), "sh", "-c", OWN_MEMORY, "sh", sys.executable, "-P", *command],
            env={**os.environ, **environment},
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )
        self._programs[host].append(program)
        return program

    def wait_for(self, host: str, port: int, within_s: float = 60.0) -> None:
        """Wait until a program listens at a port of a host."""
        deadline = time.monotonic() + within_s
        command = [IP, "netns", "exec", self._name(host), "ss", "-Hltn", "sport", "=", f":{port}"]
        while not subprocess.run(command, capture_output=True, check=True).stdout:
            assert time.monotonic() < deadline, f"nothing listens at port {port} of {host}"
            time.sleep(0.1)

    def cut_power(self, host: str) -> None:
        """Cut a host off and end all that runs there, at once: nobody is told."""
        with suppress(subprocess.CalledProcessError):  # a host that was never wired
            self.on(host, "link", "set", "eth0", "down")
        self.end(host)

    def end(self, host: str) -> None:
        """Kill every process of a host."""
        pids = subprocess.run([IP, "netns", "pids", self._name(host)], capture_output=True, text=True, check=False)
        for pid in pids.stdout.split():
            with suppress(ProcessLookupError):
                os.kill(int(pid), 9)
        for program in self._programs[host]:
            program.wait(10)
            if program.stdout:
                program.stdout.close()

    def remove(self) -> None:
        """Take all of it down, whatever state it is in."""
        for host in ADDRESSES:
            self.end(host)
            subprocess.run([IP, "netns", "del", self._name(host)], capture_output=True, check=False)

    def _name(self, host: str) -> str:
        return f"{self._prefix}-{host}"


def ip(*arguments: str) -> None:
    """Run ip (iproute2)."""
    subprocess.run([IP, *arguments], check=True, capture_output=True, text=True)


@pytest.fixture
def network() -> Iterator[Network]:
    """Build the network for a test, and leave nothing of it."""
    built = Network()
    try:
        try:
            built.build()
        except subprocess.CalledProcessError as error:
            pytest.skip(f"network namespaces cannot be made here: {error.stderr.strip()}")
        yield built
    finally:
        built.remove()
    names = subprocess.run([IP, "netns", "list"], capture_output=True, text=True, check=True).stdout
    assert f"flagkit{os.getpid()}" not in names


@pytest.mark.timeout(280)
def test_every_result_arrives_once_though_a_host_dies(network: Network, tmp_path: Path) -> None:
    """The gcd pairs and the flags are all right, each once, on two hosts of which one loses its power in mid-work."""
    # So that the scheduler misses a host that says nothing any more within seconds; by default it takes five minutes
    impatient = {"DASK_DISTRIBUTED__SCHEDULER__WORKER_TTL": "5s", "DASK_DISTRIBUTED__COMM__TIMEOUTS__TCP": "12s"}
    head, codes = ADDRESSES["head"], select([], all_known=True)
    port = ["--port", "8786", "--no-dashboard"]
    network.start("head", "-m", "distributed.cli.dask_scheduler", "--host", head, *port, **impatient)
    network.wait_for("head", 8786)
    network.start("head", "-m", "flagkit", "serve", "--host", head, "--port", "8001")
    for host in ("one", "two"):
        own = [
            "--host",
            ADDRESSES[host],
            "--nthreads",
            "1",
            "--no-dashboard",
            "--local-directory",
            str(tmp_path / host),
        ]
        network.start(host, "-m", "distributed.cli.dask_worker", SCHEDULER, *own, **impatient)
    client = network.start(
        "head",
        "-c",
        CLIENT,
        str(REPEATS),
        FLAGS,
        str(tmp_path / "flags"),
        *codes,
        FLAGKIT_DASK_ADDRESS=SCHEDULER,
        **impatient,
    )
    assert client.stdout
    begun = client.stdout.readline()
    assert begun == "halfway\n", begun + client.stdout.read()
    network.cut_power("two")
    told: dict[str, Any] = json.loads(client.stdout.read().splitlines()[-1])
    assert client.wait(30) == 0
    assert len(set(told["processes"])) == 2
    assert told["results"] == WORKLOADS["gcd-seed"].expected() * REPEATS
    assert (told["times"], told["number"]) == ([1], len(told["results"]))
    assert sorted(told["codes"]) == sorted(codes)
    assert told["downloaded"] == len(codes)
    assert told["left"] == 1
    assert len(list((tmp_path / "flags").glob("*.gif"))) == len(codes)
