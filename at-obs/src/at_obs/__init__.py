"""at-obs: the memory: audit chain, traces, replay, alerts, reports and runbooks."""
