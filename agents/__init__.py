"""The agents, one in each file. They connect a batch with the computations, the table and the engine.

`agents.indicators` takes batches of bars and hands them on in memory; `agents.signals` ends each batch.
"""
