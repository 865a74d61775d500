"""Why a download failed, in a few words."""

import requests
import urllib3

from flagkit.flags.reasons import reason


def test_what_is_wrapped_is_unwrapped() -> None:
    """The cause within requests' and urllib3's exceptions is what is told."""
    refused = ConnectionRefusedError(111, "Connection refused")
    wrapped = requests.ConnectionError(urllib3.exceptions.ProtocolError("Connection aborted.", refused))
    assert reason(wrapped) == "connection refused"


def test_an_error_of_the_system_is_told_in_its_words_with_the_file() -> None:
    """Numbers are left out."""
    assert reason(PermissionError(13, "Permission denied", "downloads/br.gif")) == "Permission denied: downloads/br.gif"
    assert reason(OSError(28, "No space left on device")) == "No space left on device"


def test_the_unknown_is_quoted() -> None:
    """Better a strange message than none."""
    assert reason(ValueError("something odd")) == "something odd"
    assert reason(ValueError()) == "ValueError"


def test_a_chain_that_bites_its_tail_comes_to_an_end() -> None:
    """Exceptions may refer to each other."""
    one, other = ValueError("one"), ValueError("other")
    one.__cause__, other.__cause__ = other, one
    assert reason(one) == "one"
