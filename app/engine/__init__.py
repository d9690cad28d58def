"""Batched, exactly-once delivery for Faust: a library in waiting.

It knows no bars, no settings, no Avro and no metrics; what it needs is handed in.
"""
