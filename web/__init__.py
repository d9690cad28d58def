"""The API and the page: FastAPI inside the worker, over its table and the answers of other workers.

Only the stream and the newest dead letters come from topics. `front` is a process of its own, in front of several
workers.
"""
