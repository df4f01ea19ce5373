"""Dialects: one room per family of messages; each only says what the sender said, in our field names."""
