"""The simulated market: a venue, its fills, its costs, its delays."""
