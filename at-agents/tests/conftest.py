"""Puts this folder on the path, so that tests in rooms can import ``desk_world``; gives them a real bus on request."""

from hypothesis import settings

pytest_plugins = ["at_core.testing.nats_fixture"]

# Seeds of failures are printed, never stored: a test run leaves nothing behind.
settings.register_profile("at", database=None, print_blob=True)
settings.load_profile("at")
