"""What can be asked for, by name; kept apart so that the command line need not load the sources to list them."""

from typing import Literal

SourceName = Literal["synthetic", "csv", "alpaca", "alpaca-live"]
SOURCES: tuple[SourceName, ...] = ("synthetic", "csv", "alpaca", "alpaca-live")

Profile = Literal["trend-and-pullback", "random-walk"]
PROFILES: tuple[Profile, ...] = ("trend-and-pullback", "random-walk")

Feed = Literal["iex", "sip"]
FEEDS: tuple[Feed, ...] = ("iex", "sip")
