"""Settings: nothing opens by default, and every mistake is named with its place, its key and its fix."""

from __future__ import annotations

from pathlib import Path

import pytest

from at_core.errors import ConfigurationError
from at_core.runtime.settings import load_settings
from at_gateway.settings import GatewaySettings, OperatorRole
from at_gateway.webhook.tokens import token_digest

EXAMPLE = Path(__file__).parents[1] / "config" / "gateway.example.toml"
HEAD = '[bus]\nurl = "nats://127.0.0.1:4222"\nseed_file = "x"\n'
SOURCE = f'[[sources]]\nname = "tv"\naccount = "paper"\ntoken_sha256 = ["{token_digest("a")}"]\n'
OPERATOR = f'[[operators]]\nname = "me"\nrole = "admin"\ntoken_sha256 = ["{token_digest("b")}"]\n'


def load(folder: Path, text: str) -> GatewaySettings:
    path = folder / "gateway.toml"
    path.write_text(text)
    return load_settings(GatewaySettings, path)


def test_the_example_is_valid_and_shows_every_bound() -> None:
    settings = load_settings(GatewaySettings, EXAMPLE)
    assert (settings.sources[0].account, settings.operators[0].role) == ("paper", OperatorRole.ADMIN)
    text = EXAMPLE.read_text()
    for room in (settings.webhook, settings.read):
        assert all(f"{name} = " in text for name in type(room).model_fields)


def test_the_example_opens_nothing() -> None:
    settings = load_settings(GatewaySettings, EXAMPLE)
    assert settings.token_digests == {"0" * 64, "1" * 64}


@pytest.mark.parametrize(
    ("text", "words"),
    [
        (HEAD + OPERATOR, ("gateway.toml", "'sources'", "add a [[sources]] table", "AT_GATEWAY_SOURCES")),
        (HEAD + SOURCE, ("gateway.toml", "'operators'", "add an [[operators]] table")),
        (HEAD + SOURCE + SOURCE + OPERATOR, ("'sources'", "'tv' is declared twice")),
        (HEAD + SOURCE + SOURCE.replace('"tv"', '"x"') + OPERATOR, ("'sources'", "is declared twice")),
        (HEAD + SOURCE + OPERATOR + OPERATOR, ("'operators'", "'me' is declared twice")),
        (HEAD + SOURCE.replace(token_digest("a"), "plain-token") + OPERATOR, ("sources.0.token_sha256",)),
        (HEAD + SOURCE + OPERATOR.replace("admin", "god"), ("operators.0.role",)),
        (HEAD + SOURCE + OPERATOR + "[webhook]\ndeadline_seconds = 9\n", ("webhook.deadline_seconds",)),
        (HEAD + SOURCE + OPERATOR + "[webhook]\nresend_window_seconds = 5\n", ("webhook.resend_window_seconds",)),
        (HEAD + SOURCE + OPERATOR + "[webhook]\nspelling = 1\n", ("webhook.spelling", "remove it")),
    ],
)  # fmt: skip
def test_a_mistake_names_file_key_and_fix(tmp_path: Path, text: str, words: tuple[str, ...]) -> None:
    with pytest.raises(ConfigurationError) as caught:
        load(tmp_path, text)
    assert all(word in str(caught.value) for word in words), str(caught.value)
    assert "plain-token" not in str(caught.value)


def test_secrets_do_not_show(tmp_path: Path) -> None:
    settings = load(tmp_path, 'secrets = ["hunter2"]\n' + HEAD + SOURCE + OPERATOR)
    assert "hunter2" not in repr(settings)
    assert settings.secrets[0].get_secret_value() == "hunter2"


def test_roles_include_what_stands_below_them() -> None:
    assert OperatorRole.ADMIN.allows(OperatorRole.VIEWER)
    assert OperatorRole.OPERATOR.allows(OperatorRole.OPERATOR)
    assert not OperatorRole.VIEWER.allows(OperatorRole.OPERATOR)
