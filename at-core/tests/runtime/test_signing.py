"""Signatures over exact bytes."""

import os
from collections.abc import Callable

import nkeys
import pytest
from hypothesis import given
from hypothesis import strategies as st

from at_core.errors import ConfigurationError
from at_core.runtime.signing import NkeySigner, NkeyVerifier


def _seed() -> str:
    return bytes(nkeys.encode_seed(os.urandom(32), nkeys.PREFIX_BYTE_USER)).decode()


SIGNER = NkeySigner(_seed())
VERIFIER = NkeyVerifier(SIGNER.public_key)


@given(st.binary(min_size=1, max_size=200), st.integers(min_value=0), st.integers(min_value=1, max_value=255))
def test_a_signature_holds_for_exactly_these_bytes(body: bytes, place: int, change: int) -> None:
    signature = SIGNER.sign(body)
    assert VERIFIER.verify(body, signature)
    altered = bytearray(body)
    altered[place % len(body)] ^= change
    assert not VERIFIER.verify(bytes(altered), signature)
    assert not VERIFIER.verify(body + b" ", signature)


def test_another_key_an_empty_and_a_broken_signature_fail() -> None:
    assert not VERIFIER.verify(b"body", NkeySigner(_seed()).sign(b"body"))
    assert not VERIFIER.verify(b"body", "")
    assert not VERIFIER.verify(b"body", "not base64!")


@pytest.mark.parametrize("make", [NkeySigner, NkeyVerifier])
def test_a_bad_key_is_refused_with_a_sentence(make: Callable[[str], object]) -> None:
    with pytest.raises(ConfigurationError, match="nkey"):
        make("nonsense")


@pytest.mark.parametrize("place", [1, 20, 54])
def test_a_public_key_with_one_wrong_letter_is_refused_at_once(place: int) -> None:
    letter = "B" if SIGNER.public_key[place] != "B" else "C"
    with pytest.raises(ConfigurationError, match="gate_public_key"):
        NkeyVerifier(SIGNER.public_key[:place] + letter + SIGNER.public_key[place + 1 :])
