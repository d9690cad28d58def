"""Kafka as this system uses it: clients, admin, topics, reading and sending."""
