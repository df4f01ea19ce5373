"""Contracts: frozen schemas, golden samples and the generated catalogue of events."""
