"""Avro: schemas, the registry that knows them, and records to bytes and back, one by one and in columns."""
