"""Consumer contracts: which member reads and writes which type, by which fields; proved, and asked before a change."""
