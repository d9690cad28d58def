"""The API and the page: FastAPI inside the worker, over its table; only push and dead letters come from topics."""
