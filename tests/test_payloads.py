"""The payloads: deterministic, of the size asked for, equal after the journey."""

import pickle
import subprocess
import sys

import pytest
from hypothesis import given
from hypothesis import strategies as st

from flagkit.executors import EXECUTORS, available, make
from flagkit.payloads import PAYLOADS, echo


@pytest.mark.parametrize("kind", PAYLOADS)
@given(size_bytes=st.integers(1, 100_000))
def test_a_payload_pickles_to_about_its_size(kind: str, size_bytes: int) -> None:
    """The pickle takes the size asked for within a twentieth, beside a frame of at most 250 bytes."""
    pickled = pickle.dumps(PAYLOADS[kind].build(size_bytes), 5)
    assert abs(len(pickled) - size_bytes) <= 250 + size_bytes / 20


@pytest.mark.parametrize("kind", PAYLOADS)
@given(size_bytes=st.integers(1, 10_000))
def test_a_payload_is_the_same_each_time_and_after_pickling(kind: str, size_bytes: int) -> None:
    """Built twice, or sent through a pickle, it is equal to itself."""
    payload = PAYLOADS[kind]
    value = payload.build(size_bytes)
    assert payload.equal(value, payload.build(size_bytes))
    assert payload.equal(value, pickle.loads(pickle.dumps(value)))


@pytest.mark.parametrize("kind", PAYLOADS)
def test_payloads_that_differ_are_not_equal(kind: str) -> None:
    """The comparison that judges a round trip can tell a shortened payload from a whole one."""
    payload = PAYLOADS[kind]
    assert not payload.equal(payload.build(1_000), payload.build(900))


@pytest.mark.parametrize("kind", ["array", "array-strided"])
def test_arrays_of_another_type_are_not_equal(kind: str) -> None:
    """Same values as another dtype are not the same array."""
    payload = PAYLOADS[kind]
    value = payload.build(1_000)
    assert not payload.equal(value, value.astype("float32"))


def test_one_array_is_contiguous_and_the_other_is_not() -> None:
    """The two array payloads differ in what pickle can do with them."""
    assert PAYLOADS["array"].build(1_000).flags.contiguous
    assert not PAYLOADS["array-strided"].build(1_000).flags.contiguous


@pytest.mark.parametrize("kind", PAYLOADS)
@pytest.mark.parametrize("size_bytes", [0, -5])
def test_a_payload_has_at_least_a_byte(kind: str, size_bytes: int) -> None:
    """A size that no payload can have is refused."""
    with pytest.raises(ValueError, match=f"at least 1 byte, not {size_bytes}"):
        PAYLOADS[kind].build(size_bytes)


@pytest.mark.parametrize("executor", available())
def test_echo_brings_every_payload_back(executor: str) -> None:
    """Each kind of executor returns each payload that it can take, equal to what was sent."""
    spec = EXECUTORS[executor]
    with make(executor, 1) as pool:
        for payload in PAYLOADS.values():
            if payload.unavailable(spec.family) is None:
                value = payload.build(10_000)
                assert payload.equal(pool.submit(echo, value).result(timeout=60), value)


@pytest.mark.skipif("interpreter" not in available(), reason="InterpreterPoolExecutor came with Python 3.14")
def test_numpy_in_a_subinterpreter_is_still_impossible() -> None:
    """The reason given for arrays holds: when numpy learns to load there, this test says so."""
    with make("interpreter", 1) as pool, pytest.raises(Exception, match=r"(?i)interpreter"):
        pool.submit(__import__, "numpy").result(timeout=60)


@pytest.mark.parametrize("module", ["flagkit", "flagkit.work", "flagkit.payloads", "flagkit.executors"])
def test_importing_does_not_import_numpy(module: str) -> None:
    """What a worker must import stays light: numpy costs a process a tenth of a second and an interpreter its life."""
    code = f"import sys, {module}; raise SystemExit('numpy' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
