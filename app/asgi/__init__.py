"""What each HTTP server of this project has in front of its routes: limits, headers, host names, connections.

Most modules are an ASGI middleware. `protocol` is uvicorn's handler of one connection, and `answer` makes the
answers with which all of them refuse a request.
"""
