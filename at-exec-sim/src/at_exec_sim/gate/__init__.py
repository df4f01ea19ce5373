"""The risk gate: rules on every proposal, pure and signed."""
