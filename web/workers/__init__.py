"""Asks all workers of the group, and joins their answers.

`worker_client` makes the requests to other workers, the only ones that there are; `part` is the form of
an answer between workers; `gather` asks all who hold partitions, or the one that holds one.
"""
