"""The exchange's calendar: sessions, half days and holidays, and the gaps between two bars.

trading_calendar is the one that live sources ask, and correct when the exchange has other hours than expected.
"""
