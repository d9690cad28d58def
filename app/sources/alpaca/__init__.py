"""Bars from Alpaca: history by REST, live bars by polling or by websocket.

rest and connection are the only modules that use the alpaca-trade-api package; errors has all refusals and failures as
sentences. Two sources are made of them, history and live, on what alpaca_source has for both; source puts them together
from the settings.
"""
