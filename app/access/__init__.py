"""Who may ask the worker's API, as the settings say, and how this project's own programs ask it.

`listening` says whether a worker may listen where it should, `asking` with which header to ask.
"""
