"""Bars from Alpaca: history by REST, live bars by polling or by websocket.

Only api.py and stream_socket.py know the alpaca-trade-api package, so that another
client could take its place.
"""
