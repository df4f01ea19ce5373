"""The shared shell: settings, logs, metrics, the bus and the life of a service."""
