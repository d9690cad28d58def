"""What workers and producers log, as lines for people or JSON for programs, and the spans that they send.

A worker says a few lines as it starts, one a minute, and one when something is wrong.
"""
