"""The whole platform in one process: a seeded story, its faults, and the laws it must keep."""
