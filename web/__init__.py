"""The API and the page: FastAPI inside the worker, over its table and the answers of other workers.

Only push and the newest dead letters come from topics. `front` alone is a process of its own, before several workers.
"""
