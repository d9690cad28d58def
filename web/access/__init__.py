"""Who may ask this worker: the token, the cookie that a person gets for it, web pages elsewhere, and names of hosts.

`policy` says what the settings come to, `gate` puts it before the application.
"""
