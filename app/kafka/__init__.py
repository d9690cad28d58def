"""Kafka as this system uses it: clients, topics, the group, addresses of workers, options for the engine, stalls.

`clients` makes every client from the settings, `topics` lists the topics, `topic_admin` creates and checks them,
`acls` says who needs which rights, `topic_reader` reads a topic from outside. `stalls` finds transactions that stay
open; `stall_watch` says so in a worker.
"""
