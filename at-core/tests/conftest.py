"""Fixtures of the whole package: a real nats-server when a test asks for one."""

pytest_plugins = ["at_core.testing.nats_fixture"]
