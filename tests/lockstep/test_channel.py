"""Messages between the controller and an arm."""

import socket
import threading
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bench.lockstep.injected.lockstep_arm import messages
from bench.lockstep.injected.lockstep_arm.channel import Channel, ClosedError
from bench.lockstep.injected.lockstep_arm.messages import Collected, Ended, Message, Round, Run, Stop, Timed

JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(), lambda inner: st.dictionaries(st.text(), inner)
)
MESSAGES = st.one_of(
    st.builds(Run, st.text(), st.none() | st.text()),
    st.builds(Round, st.integers(min_value=1)),
    st.builds(Timed, st.floats(min_value=0, allow_infinity=False)),
    st.builds(Ended, st.text(), st.text(), JSON),
    st.builds(Collected, st.dictionaries(st.text(), st.integers()), *[st.dictionaries(st.text(), st.text())] * 2),
    st.just(Stop()),
)


@given(message=MESSAGES)
def test_a_message_arrives_as_it_was(message: Message) -> None:
    """Whatever text and numbers it holds, it is one line."""
    line = messages.encode(message)
    assert line.count(b"\n") == 1
    assert messages.decode(line) == message


@given(sent=st.lists(MESSAGES, max_size=5), cut=st.integers(min_value=1, max_value=50))
def test_messages_arrive_whole_and_in_order(sent: list[Message], cut: int) -> None:
    """However their bytes are cut on the way."""
    ours, theirs = socket.socketpair()
    with ours, theirs:
        channel = Channel(ours)
        data = b"".join(map(messages.encode, sent))
        received: list[Any] = []
        for start in range(0, len(data), cut):
            theirs.sendall(data[start : start + cut])
            channel.fill()
            while (message := channel.received()) is not None:
                received.append(message)
        assert received == sent


def test_a_message_larger_than_the_socket_holds() -> None:
    """A suite of 20,000 benchmarks is one message."""
    ours, theirs = (Channel(end) for end in socket.socketpair())
    collected = Collected({f"bench_a.py::test_{number:0100}": None for number in range(20_000)}, {}, {})
    sender = threading.Thread(target=theirs.send, args=(collected,))
    sender.start()
    assert ours.receive() == collected
    sender.join()
    ours.close()
    theirs.close()


def test_the_other_side_is_gone() -> None:
    """Sending and receiving say so; what was sent before is received first."""
    ours, theirs = (Channel(end) for end in socket.socketpair())
    theirs.send(Round(3))
    theirs.close()
    assert ours.receive() == Round(3)
    with pytest.raises(ClosedError):
        ours.receive()
    with pytest.raises(ClosedError):
        ours.send(Stop())
    ours.close()


@pytest.mark.parametrize("line", [b"x\n", b"{}\n", b'["Nothing", {}]\n', b'["Round", {}]\n', b'["Round"]\n', b"3\n"])
def test_what_is_no_message(line: bytes) -> None:
    """It is refused, not guessed at."""
    with pytest.raises((ValueError, KeyError, TypeError)):
        messages.decode(line)
