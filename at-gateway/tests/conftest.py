"""Fixtures of the whole package: a real nats-server when a test asks for one, and the gateway on a memory bus."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest
from gateway_world import World
from hypothesis import settings

pytest_plugins = ["at_core.testing.nats_fixture"]

# Seeds of failures are printed, never stored: a test run leaves nothing behind.
settings.register_profile("at", database=None, print_blob=True, deadline=None)
settings.load_profile("at")


@pytest.fixture
async def world() -> AsyncIterator[World]:
    """A running gateway on a memory bus with a clock that stands still."""
    async with World() as running:
        yield running
