"""Who may ask this worker: the token, a person's cookie for it, web pages of other origins, and names of hosts.

`policy` derives it from the settings, `gate` puts it in front of the application.
"""
