"""Traces: the life of one alert, told from the audit rows alone."""
