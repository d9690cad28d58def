"""Asks all workers of the group, and joins their answers.

`client` makes the requests to other workers, the only ones that there are; `part` is the form of
an answer between workers; `group` asks all who hold partitions, or the one that holds one.
"""
