"""Making a release: its checks, the changelog's section, and what says which packages and licences are in it.

licences.py and inventory.py need the standard library alone: they run in the image's build as well.
"""
