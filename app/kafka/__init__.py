"""Kafka as this system uses it: options for the engine, encoding records, a watch on transactions that stay open."""
