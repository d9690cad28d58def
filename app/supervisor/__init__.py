"""`stocks worker --processes N`: several workers on one machine, started, restarted and stopped together.

`own_folder` is for `stocks worker --own-folder`: each of several containers takes a folder of its own.
"""
