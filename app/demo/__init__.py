"""`stocks demo`: the whole system on this machine, with bars that are made up."""
