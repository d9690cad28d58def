"""Fixtures of the integration tests."""

from tests.integration.fixtures_stack import make_stack, stack

__all__ = ["make_stack", "stack"]
