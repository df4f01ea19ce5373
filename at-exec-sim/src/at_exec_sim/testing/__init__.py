"""Cards that every broker adapter must pass."""
