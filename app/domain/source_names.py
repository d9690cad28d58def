"""The names of sources and profiles. They are apart, so that the command line can list them quickly."""

from typing import Literal

SourceName = Literal["synthetic", "csv", "alpaca", "alpaca-live"]
SOURCES: tuple[SourceName, ...] = ("synthetic", "csv", "alpaca", "alpaca-live")

Profile = Literal["trend-and-pullback", "random-walk"]
PROFILES: tuple[Profile, ...] = ("trend-and-pullback", "random-walk")

Feed = Literal["iex", "sip"]
FEEDS: tuple[Feed, ...] = ("iex", "sip")
