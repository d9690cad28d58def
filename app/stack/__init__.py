"""A real Kafka and a real schema registry as child processes, for development, demos and tests."""

from app.stack.control import StackStatus, start, status, stop
from app.stack.errors import StackError

__all__ = ["StackError", "StackStatus", "start", "status", "stop"]
