"""at-exec-sim: the risk gate, the execution engine and the market simulator."""
