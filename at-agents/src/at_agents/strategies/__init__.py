"""Strategies: one file, one function each; they stand on at-core alone."""
