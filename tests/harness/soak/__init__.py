"""`make soak`: many sessions at full speed, with faults; memory must stay flat."""
