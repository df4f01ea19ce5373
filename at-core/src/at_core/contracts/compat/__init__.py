"""Compatibility: may this contract follow that one? Pure; rules with names, a path into the document, and a way out."""
