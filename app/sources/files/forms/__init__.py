"""The forms that are known, one a file; app/sources/files/detect.py finds out which one a file has."""
