"""Sends a source's bars to Kafka."""
