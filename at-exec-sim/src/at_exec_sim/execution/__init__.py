"""The execution engine: turns approved decisions into order lifecycles."""
