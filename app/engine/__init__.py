"""Batched delivery for Faust: one event is all that one fetch brought of one partition.

A stock Faust worker spends about 100 microseconds of asyncio on each record.
Here an agent gets a `Batch` instead, and its outputs, its changelog and its
store are written a batch at a time, in that order, before the batch is acked.
"""
