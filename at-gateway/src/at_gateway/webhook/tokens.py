"""Tokens: who a token belongs to, found in the same time for every token, known or not."""

from __future__ import annotations

import hmac
from collections.abc import Iterable, Sequence
from hashlib import sha256
from typing import Generic, Protocol, TypeVar

__all__ = ["TokenHolder", "Tokens", "token_digest"]

_LENGTH_MAX = 512


class TokenHolder(Protocol):
    """Somebody with tokens of whom only the digests are kept."""

    @property
    def token_sha256(self) -> Sequence[str]:
        """Hex SHA-256 of each token that is valid now."""
        ...


H = TypeVar("H", bound=TokenHolder)


class Tokens(Generic[H]):
    """All holders. A look-up compares with every digest, so its time says nothing about any of them."""

    def __init__(self, holders: Iterable[H]) -> None:
        self._entries = tuple(
            (bytes.fromhex(digest), holder) for holder in holders for digest in holder.token_sha256
        )

    def find(self, token: str) -> H | None:
        """Return the holder of ``token``, or None."""
        raw = token.encode("utf-8", errors="surrogatepass")
        presented = sha256(raw[:_LENGTH_MAX]).digest()
        found: H | None = None
        for digest, holder in self._entries:
            if hmac.compare_digest(digest, presented):
                found = holder
        return found if len(raw) <= _LENGTH_MAX else None


def token_digest(token: str) -> str:
    """Return the form in which a token is stored: its SHA-256 in hex."""
    return sha256(token.encode()).hexdigest()
