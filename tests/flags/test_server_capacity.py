"""What the server holds: the figures are printed with -s. How fast it is, bench/bench_download.py measures."""

import asyncio
from collections.abc import Iterator

import psutil
import pytest

from flagkit.flags import Behaviour, FlagServer, countries
from flagkit.flags.images import draw_flag

HELD = 1000
MOST_RSS_BYTES = 200 * 10**6


@pytest.fixture
def many_files() -> Iterator[None]:
    """Allow this process more than 1,000 open connections, where the system does."""
    try:
        import resource  # noqa: PLC0415 - not on Windows
    except ImportError:
        yield
        return
    before = resource.getrlimit(resource.RLIMIT_NOFILE)
    if before[1] != resource.RLIM_INFINITY and before[1] < 2 * HELD:
        pytest.skip(f"this user may open {before[1]} files, and {2 * HELD} are needed")
    resource.setrlimit(resource.RLIMIT_NOFILE, (max(before[0], 2 * HELD), before[1]))
    yield
    resource.setrlimit(resource.RLIMIT_NOFILE, before)


async def ask(port: int, code: str, all_asked: asyncio.Barrier) -> bytes:
    """Ask for a flag on a connection of its own, and read the answer only when all have asked."""
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    writer.write(f"GET /flags/{code}/{code}.gif HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n".encode())
    await writer.drain()
    await all_asked.wait()
    answer = await reader.read()
    writer.close()
    await writer.wait_closed()
    return answer


@pytest.mark.usefixtures("many_files")
def test_a_thousand_late_answers_are_in_flight_at_once() -> None:
    """None fails, the server starts no thread for them, and its memory stays small."""
    codes = [list(countries())[number % 194].lower() for number in range(HELD)]
    held = []

    async def scenario(server: FlagServer) -> list[bytes]:
        asked = asyncio.Barrier(HELD + 1)
        answers = [asyncio.create_task(ask(server.port, code, asked)) for code in codes]
        await asked.wait()
        process = psutil.Process(server.pid)
        held.append((len(process.net_connections("tcp")), process.num_threads(), process.memory_info().rss))
        return await asyncio.gather(*answers)

    with FlagServer(Behaviour(delay_s=(3, 3))) as server:
        answers = asyncio.run(scenario(server))
        peak_bytes = psutil.Process(server.pid).memory_info().rss
    connections, threads, rss_bytes = held[0]
    print(f"{connections} sockets, {threads} threads, {rss_bytes / 1e6:.0f} MB, {peak_bytes / 1e6:.0f} MB at the end")  # noqa: T201 - the figures
    assert [
        answer.split(b"\r\n\r\n", 1)[1] == draw_flag(code.upper()) for answer, code in zip(answers, codes, strict=True)
    ] == [True] * HELD
    assert connections >= HELD
    assert threads < 10
    assert max(rss_bytes, peak_bytes) < MOST_RSS_BYTES
