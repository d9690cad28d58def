"""Who may ask this worker: the token, a person's cookie for it, web pages of other origins, and names of hosts.

`policy` says what the settings come to, `gate` puts it before the application.
"""
