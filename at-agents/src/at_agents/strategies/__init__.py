"""Strategies: one file each, one pure function each; they import at_core and nothing else."""
