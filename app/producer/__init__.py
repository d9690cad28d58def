"""Sends a source's bars to Kafka, and finds out what workers made of them."""
