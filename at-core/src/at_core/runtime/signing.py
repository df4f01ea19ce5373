"""Signatures: ed25519 over the exact body bytes, with the gate's own nkey; verified from the public key alone."""

from __future__ import annotations

import base64
import binascii

import nkeys
from nacl.exceptions import BadSignatureError
from nacl.signing import VerifyKey

from at_core.errors import ConfigurationError

__all__ = ["NkeyHand", "NkeySigner", "NkeyVerifier"]

_CHECKSUM_BYTES = 2


class NkeySigner:
    """Signs with an nkey seed (``SU...``)."""

    def __init__(self, seed: str) -> None:
        try:
            self._pair = nkeys.from_seed(bytearray(seed.encode()))
        except Exception as error:  # the library raises bare errors of many kinds for a bad seed
            raise ConfigurationError(
                "the signing seed is not a valid nkey seed; make one with `at-core keys`"
            ) from error

    @property
    def public_key(self) -> str:
        """The public half (``U...``)."""
        return bytes(self._pair.public_key).decode()

    def sign(self, body: bytes) -> str:
        """Return a detached signature of ``body`` in base64."""
        return base64.b64encode(self._pair.sign(body)).decode()


class NkeyVerifier:
    """Verifies signatures of one nkey, knowing only its public half."""

    def __init__(self, public_key: str) -> None:
        try:
            raw = base64.b32decode(public_key.encode() + b"=" * (-len(public_key) % 8))
            if raw[0] != nkeys.PREFIX_BYTE_USER:
                raise ValueError("not a user's key")
            if nkeys.crc16_checksum(raw[:-_CHECKSUM_BYTES]) != raw[-_CHECKSUM_BYTES:]:
                raise ValueError("its checksum is wrong")
            self._key = VerifyKey(raw[1:-_CHECKSUM_BYTES])
        except (binascii.Error, IndexError, ValueError, TypeError) as error:
            raise ConfigurationError(
                f"gate_public_key: {public_key[:60]!r} is not a valid public nkey ({error}); copy it again from "
                "the gate's .pub file (it starts with U)"
            ) from error

    def verify(self, body: bytes, signature: str) -> bool:
        """Whether ``signature`` (base64) was made over exactly ``body`` by the holder of the seed."""
        try:
            self._key.verify(body, base64.b64decode(signature, validate=True))
        except (BadSignatureError, binascii.Error, ValueError):
            return False
        return True


class NkeyHand(NkeySigner):
    """Signs with an nkey seed and knows its own signatures again."""

    def __init__(self, seed: str) -> None:
        super().__init__(seed)
        self._verifier = NkeyVerifier(self.public_key)

    def verify(self, body: bytes, signature: str) -> bool:
        """Whether ``signature`` was made over exactly ``body`` with this seed."""
        return self._verifier.verify(body, signature)
