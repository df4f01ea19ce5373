"""Redaction: no secret survives in what is kept, in any of its usual forms."""

from __future__ import annotations

import base64
import re
from urllib.parse import quote

import pytest
from hypothesis import given
from hypothesis import strategies as st

from at_core.enums import BodyEncoding
from at_gateway.webhook.redact import MASK, Shown, as_text, redact, shown
from at_gateway.webhook.tokens import token_digest

SECRET = "s3cr+t/Value=9"


@pytest.mark.parametrize(
    "form",
    [
        SECRET, SECRET.lower(), SECRET.upper(), quote(SECRET, safe=""), base64.b64encode(SECRET.encode()).decode(),
        SECRET.encode().hex(),
    ],
)  # fmt: skip
def test_a_known_value_is_removed_in_every_form(form: str) -> None:
    clean = redact(f'{{"comment": "before {form} after"}}', [SECRET], ())
    assert form.rstrip("=") not in clean
    assert "before" in clean
    assert "after" in clean


@pytest.mark.parametrize(
    "text",
    [
        '{"passphrase": "hunter2!"}', '{"PassPhrase":"hunter2!"', "{'password': 'hunter2!'}", "token=hunter2!",
        '{"api_key":hunter2!}', '{"apiKey" : "hunter2!"}', "secret: hunter2!", '{"my_secret_word":"hunter2!","a":1}',
        '{"auth":{"access_token":"hunter2!"}}', '{"password":"a\\"hunter2!"}', '{"password":"hunter2!',
    ],
)  # fmt: skip
def test_values_of_telling_keys_are_removed_even_from_broken_text(text: str) -> None:
    clean = redact(text, (), ())
    assert "hunter2" not in clean
    assert MASK in clean


@pytest.mark.parametrize("text", ["60123456789,buy,EURUSD,risk=1", "ok\n 60123456789 ,sell,EURUSD"])
def test_the_licence_number_a_terminals_list_begins_with_is_removed(text: str) -> None:
    clean = redact(text, (), ())
    assert clean == text.replace("60123456789", MASK)


def test_numbers_that_are_no_licence_are_kept() -> None:
    text = "EURUSD,12345678,buy\n2026,1,2\n0.00000001,buy"
    assert redact(text, (), ()) == text


def test_a_token_of_ours_is_found_by_its_digest() -> None:
    token = "AbC-123_another-sources-token"
    text = f'{{"url": "see /webhooks/tradingview/{token}?x=1", "word": "{token}"}}'
    clean = redact(text, (), {token_digest(token)})
    assert token not in clean
    assert clean.count(MASK) == 2


def test_an_innocent_message_is_kept_as_it_is() -> None:
    text = '{"ticker":"BTCUSDT","action":"buy","comment":"RSI 30, spinning up"}'
    assert redact(text, [SECRET], {"0" * 64}) == text


def kept(body: bytes, length_max: int = 65_536) -> Shown:
    return shown(as_text(body), length_max)


def undone(text: str) -> bytes:
    """Read an escaped text as its contract says, and refuse what such a text cannot hold."""
    out = b""
    for part in re.findall(r"\\\\|\\x[0-9a-f]{2}|[^\\]|\\", text):
        assert part != "\\", f"a torn escape in {text!r}"
        out += b"\\" if part == "\\\\" else bytes.fromhex(part[2:]) if part[0] == "\\" else part.encode()
    return out


def test_text_is_kept_as_it_is_and_says_so() -> None:
    assert kept(b'{"a":"\\u0041"}\n') == Shown('{"a":"\\u0041"}\n', BodyEncoding.UTF8, truncated=False)
    assert kept("schön".encode(), 4) == Shown("schö", BodyEncoding.UTF8, truncated=True)
    assert kept(b"abcd", 4) == Shown("abcd", BodyEncoding.UTF8, truncated=False)


def test_bytes_that_are_no_text_are_escaped_and_cut_between_two_escapes() -> None:
    assert kept(b"a\xff\x00b\n") == Shown("a\\xff\\x00b\n", BodyEncoding.ESCAPED, truncated=False)
    assert kept("\u2028".encode()).text == "\\xe2\\x80\\xa8"
    assert kept(b"\\xff\xff").text == "\\\\xff\\xff", "what looked escaped already can be told from what was"
    assert kept(b"\xff" * 1000, 66) == Shown("\\xff" * 16, BodyEncoding.ESCAPED, truncated=True)
    assert kept(b"\x00\\\\", 7) == Shown("\\x00\\\\", BodyEncoding.ESCAPED, truncated=True)


@given(st.binary(max_size=80) | st.text(max_size=40).map(str.encode), st.integers(0, 200))
def test_what_is_kept_can_be_undone_to_the_bytes_that_came(body: bytes, length_max: int) -> None:
    said = kept(body, length_max)
    assert len(said.text) <= length_max
    original = undone(said.text) if said.encoding is BodyEncoding.ESCAPED else said.text.encode()
    assert body.startswith(original)
    assert said.truncated == (original != body)
    assert all(char.isprintable() or char in "\n\t" for char in said.text)


def test_secrets_are_found_in_bodies_that_are_no_text() -> None:
    secret = "back\\slash-and-nbsp\u00a0here"
    text = redact(as_text(b"\xff" + secret.encode() + b"\x00"), [secret], ())
    assert shown(text, 100).text == f"\\xff{MASK}\\x00"


letters = st.text("abcXYZ0189", min_size=6, max_size=30)
around = st.text(" .,:;\n", max_size=20)


@given(letters, around, around)
def test_no_secret_survives_wherever_it_stands(secret: str, before: str, after: str) -> None:
    clean = redact(f"{before}{secret}{after}{secret.upper()}", [secret], ())
    assert secret.lower() not in clean.lower()
    assert clean == f"{before}{MASK}{after}{MASK}"
