"""Metrics: closed label sets that start at zero."""

from at_core.runtime.http import StatusApp
from at_core.runtime.metrics import Metrics


def test_every_label_set_exists_before_its_first_event() -> None:
    metrics = Metrics("gate", durables=["gate-proposals"])
    assert metrics.value("at_events_published_total", type="trading.risk.approved", outcome="stored") == 0
    assert metrics.value("at_consumer_pending_messages", durable="gate-proposals") == 0


def test_an_undeclared_value_is_counted_as_other() -> None:
    metrics = Metrics("gate")
    verdicts = metrics.counter("at_test_total", "Test.", {"verdict": ("yes", "no")})
    verdicts.inc("maybe")
    verdicts.inc("a free text")
    verdicts.inc("yes", amount=3)
    assert metrics.value("at_test_total", verdict="other") == 2
    assert metrics.value("at_test_total", verdict="yes") == 3
    assert metrics.value("at_test_total", verdict="no") == 0


def test_the_status_pages_answer() -> None:
    ready = False
    app = StatusApp(Metrics("gate"), lambda: ready)
    assert app.answer("/healthz")[0] == 200
    assert app.answer("/readyz")[0] == 503
    ready = True
    assert app.answer("/readyz")[0] == 200
    assert b"at_build_info" in app.answer("/metrics")[2]
    assert app.answer("/else")[0] == 404
