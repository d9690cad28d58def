"""Tests without Kafka: a file for each file of the code, of the same name."""
