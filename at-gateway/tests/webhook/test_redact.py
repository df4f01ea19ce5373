"""Redaction: no secret survives in what is kept, in any of its usual forms."""

from __future__ import annotations

import base64
from urllib.parse import quote

import pytest
from hypothesis import given
from hypothesis import strategies as st

from at_gateway.webhook.redact import MASK, as_text, redact
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


def test_a_token_of_ours_is_found_by_its_digest() -> None:
    token = "AbC-123_another-sources-token"
    text = f'{{"url": "see /webhooks/tradingview/{token}?x=1", "word": "{token}"}}'
    clean = redact(text, (), {token_digest(token)})
    assert token not in clean
    assert clean.count(MASK) == 2


def test_an_innocent_message_is_kept_as_it_is() -> None:
    text = '{"ticker":"BTCUSDT","action":"buy","comment":"RSI 30, spinning up"}'
    assert redact(text, [SECRET], {"0" * 64}) == text


def test_bytes_that_are_no_text_are_escaped_and_cut() -> None:
    assert as_text(b"a\xff\x00b\n", 100) == "a\\xff\\x00b\n"
    assert len(as_text(b"\xff" * 1000, 64)) == 64


letters = st.text("abcXYZ0189", min_size=6, max_size=30)
around = st.text(" .,:;\n", max_size=20)


@given(letters, around, around)
def test_no_secret_survives_wherever_it_stands(secret: str, before: str, after: str) -> None:
    clean = redact(f"{before}{secret}{after}{secret.upper()}", [secret], ())
    assert secret.lower() not in clean.lower()
    assert clean == f"{before}{MASK}{after}{MASK}"
