"""Redaction of what is kept of a refused alert: known secrets, tokens of ours by their digest, and telling keys.

It works on text, because the body may be broken. It prefers to remove too much: the quarantine explains a mistake in
a template, it is no archive.
"""

from __future__ import annotations

import base64
import json
import re
from collections.abc import Collection, Iterator
from dataclasses import dataclass
from functools import lru_cache
from hashlib import sha256
from typing import Final
from urllib.parse import quote

from at_core.enums import BodyEncoding

__all__ = ["MASK", "Shown", "as_text", "redact", "shown"]

MASK: Final = "[redacted]"
_SHORT: Final = 4
_KEY: Final = (
    r"[\w.\-]{0,40}?(?:secret|token|passw(?:or)?d|pass_?phrase|api_?-?key|authorization|credential|licen[cs]e|\bpwd|\bpin)"
    r"[\w.\-]{0,40}"
)
_TEXTS: Final = r"""(?:"(?:\\.|[^"\\])*(?:"|$)|'(?:\\.|[^'\\])*(?:'|$))"""
_QUOTED: Final = re.compile(rf"""(?P<head>["']{_KEY}["']\s*:\s*)(?:{_TEXTS}|[^\s,}}\]]+)""", re.IGNORECASE)
_BARE: Final = re.compile(rf"""(?P<head>\b{_KEY}\s*[=:]\s*)(?:{_TEXTS}|[^\s,;&|}}\]"']+)""", re.IGNORECASE)
_LICENCE: Final = re.compile(r"^(?P<head>\s*)\d{8,20}(?=\s*,)", re.MULTILINE)
"""A list for a trading terminal begins with the number of its owner's licence, which carries no name."""
_WORD: Final = re.compile(r"[A-Za-z0-9_\-.~+/=]{8,256}")
_WORDS_MAX: Final = 4_000


@dataclass(frozen=True, slots=True)
class Shown:
    """What is kept of a body, and how it became text."""

    text: str
    encoding: BodyEncoding
    truncated: bool


def as_text(body: bytes) -> str:
    """Return a body as text for ``redact``. Bytes that are not UTF-8 become lone surrogates; ``shown`` escapes them."""
    return body.decode("utf-8", errors="surrogateescape")


def shown(text: str, length_max: int) -> Shown:
    r"""Return ``text`` (of ``as_text``) fit to be kept: as it is, or escaped where it holds what cannot be printed.

    Escaped, each byte of such a character stands as ``\xHH`` and a backslash as two, so that it can be undone. It is
    cut between two escapes, never inside one.
    """
    if all(map(_is_plain, text)):
        return Shown(text[:length_max], BodyEncoding.UTF8, len(text) > length_max)
    parts: list[str] = []
    room = length_max
    for part in _escaped(text):
        room -= len(part)
        if room < 0:
            break
        parts.append(part)
    return Shown("".join(parts), BodyEncoding.ESCAPED, room < 0)


def _is_plain(char: str) -> bool:
    return char.isprintable() or char in "\n\t"


def _escaped(text: str) -> Iterator[str]:
    for char in text:
        if char == "\\":
            yield "\\\\"
        elif _is_plain(char):
            yield char
        else:
            yield from (f"\\x{byte:02x}" for byte in char.encode("utf-8", errors="surrogateescape"))


def redact(text: str, secrets: Collection[str], token_digests: Collection[str]) -> str:
    """Return ``text`` without ``secrets`` (plain, quoted, base64, any case), our tokens, and values of telling keys."""
    known = _pattern(tuple(secrets))
    if known is not None:
        text = known.sub(MASK, text)
    text = _without_tokens(text, token_digests)
    text = _QUOTED.sub(rf'\g<head>"{MASK}"', text)
    text = _BARE.sub(rf"\g<head>{MASK}", text)
    return _LICENCE.sub(rf"\g<head>{MASK}", text)


@lru_cache(maxsize=512)  # one entry per token in use: made once, not per alert
def _pattern(secrets: tuple[str, ...]) -> re.Pattern[str] | None:
    forms = {form for secret in secrets if len(secret) >= _SHORT for form in _forms(secret)}
    longest_first = sorted(forms, key=len, reverse=True)
    return re.compile("|".join(map(re.escape, longest_first)), re.IGNORECASE) if forms else None


def _forms(secret: str) -> tuple[str, ...]:
    raw = secret.encode()
    escaped = json.dumps(secret)[1:-1]
    return (secret, quote(secret, safe=""), base64.b64encode(raw).decode().rstrip("="), raw.hex(), escaped)


def _without_tokens(text: str, digests: Collection[str]) -> str:
    """Mask words that hash to one of ``digests``: somebody pasted the whole address, or another source's token."""
    if not digests:
        return text

    def mask(match: re.Match[str]) -> str:
        parts = re.split(r"([/=?&.])", match[0])
        known = (MASK if sha256(part.encode()).hexdigest() in digests else part for part in parts)
        whole = sha256(match[0].encode()).hexdigest() in digests
        return MASK if whole else "".join(known)

    return _WORD.sub(mask, text, count=_WORDS_MAX)
