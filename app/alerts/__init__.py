"""`stocks alerts`: transitions of `stocks.signals`, sent to people and programs.

Pure: which signals count (rules, recent_alerts), when (quiet hours, rate_limit), together with which others (outbox),
and in which words (message, wording). The rest is glue: destinations send, an inbox reads and commits, and a lane
joins one destination to a consumer group of its own, so that a destination that is down holds up no other one.
"""
