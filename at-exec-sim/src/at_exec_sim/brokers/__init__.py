"""Brokers: the port and its adapters; only the engine comes here."""
