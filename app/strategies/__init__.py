"""Reads the rule that STRATEGY names: one of this project, or a user's own Python file."""
