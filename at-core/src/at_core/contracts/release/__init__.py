"""Releases: what each wheel offered, what changed since, and which version number that asks for."""
