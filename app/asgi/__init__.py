"""What an HTTP API of ours needs before its routes, whatever they are: limits, headers, names, connections.

Each is an ASGI middleware but `protocol`, which is uvicorn's for a connection, and `answer`, with which they refuse.
"""
