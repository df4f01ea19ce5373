"""Puts this folder on the path, so that tests in rooms can import ``obs_world``; and keeps hypothesis tidy."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import settings

from at_obs.audit.sqlite_store import SqliteAuditStore

# Seeds of failures are printed, never stored: a test run leaves nothing behind.
settings.register_profile("at", database=None, print_blob=True, deadline=None)
settings.load_profile("at")


@pytest.fixture
def audit_file(tmp_path: Path) -> Path:
    return tmp_path / "audit" / "audit.db"


@pytest.fixture
def store(audit_file: Path) -> Iterator[SqliteAuditStore]:
    opened = SqliteAuditStore(audit_file)
    yield opened
    opened.close()
