"""at-core: the shared language and the shared shell of the platform."""
