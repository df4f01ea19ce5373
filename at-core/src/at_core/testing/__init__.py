"""Testing: builders, scenarios, bus cards and the simulated world; ships in the wheel so that services share it."""
