"""Composition root: builds the gate and the engine from settings and ports."""
