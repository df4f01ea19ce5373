"""Shared by the scripts: the tree, the import graph, the flow. Nothing here is imported by a member."""
