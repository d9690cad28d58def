"""The agents, one a file: glue between a batch, the domain's folds, the table and the engine.

`agents.indicators` takes batches of bars and hands them on in memory; `agents.signals` ends each batch.
"""
