"""Risk primitives, pure: codes, limits, exposure, sizing and the checks that the gate rules with."""
