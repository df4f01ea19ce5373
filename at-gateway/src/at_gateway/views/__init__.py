"""Views: pure folds of the JOURNAL and the QUARANTINE into what an operator asks for, bounded by count."""
