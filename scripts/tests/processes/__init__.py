"""A platform of real processes for acceptance tests: run it, send it alerts, break it, and look at what it kept."""
