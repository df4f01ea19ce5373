"""Structured logs without secrets."""

import io
import json
import logging
from collections.abc import Iterator

import pytest

from at_core.runtime.logging import MASK, Redactor, configure_logging, correlation, redactor


@pytest.fixture
def output() -> Iterator[io.StringIO]:
    root = logging.getLogger()
    before, level = root.handlers[:], root.level
    stream = io.StringIO()
    configure_logging("gate", stream=stream)
    yield stream
    root.handlers[:] = before
    root.setLevel(level)


def test_a_line_is_json_with_role_and_correlation_id(output: io.StringIO) -> None:
    with correlation("flow-1"):
        logging.getLogger("at").info("decided", extra={"code": "DAILY_LOSS"})
    line = json.loads(output.getvalue())
    assert line["role"] == "gate"
    assert line["correlation_id"] == "flow-1"
    assert line["code"] == "DAILY_LOSS"
    assert line["level"] == "INFO"
    assert line["timestamp"].endswith("+00:00")


def test_a_secret_in_an_exception_an_object_or_a_field_is_masked(output: io.StringIO) -> None:
    redactor.register("c4nary-s3cret-value")
    try:
        raise ValueError("broken by c4nary-s3cret-value")
    except ValueError:
        logging.getLogger("at").exception("failed with %r", {"note": "C4NARY-s3cret-value"})
    logging.getLogger("at").info("login", extra={"api_key": "short", "webhook_token": "x"})
    text = output.getvalue()
    assert "s3cret" not in text
    assert "short" not in text
    assert text.count(MASK) >= 3


@pytest.mark.parametrize("form", ["plain/secret+value", "plain%2Fsecret%2Bvalue", "cGxhaW4vc2VjcmV0K3ZhbHVl"])
def test_a_registered_secret_is_masked_in_every_form(form: str) -> None:
    cleaner = Redactor()
    cleaner.register("plain/secret+value")
    assert cleaner.clean(f"x {form} y") == f"x {MASK} y"


def test_an_nkey_seed_is_masked_without_being_registered() -> None:
    assert MASK in Redactor().clean("seed SUA" + "A" * 55)
