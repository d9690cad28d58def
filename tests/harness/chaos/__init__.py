"""`make chaos`: random faults on a cluster of its own, judged from outside."""
