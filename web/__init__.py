"""The read side: FastAPI inside the worker, over its tables, never over a topic."""
