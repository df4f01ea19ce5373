"""The door: from the bytes of an alert to a stored fact, or to a refusal with its code."""
