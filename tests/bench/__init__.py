"""`make bench`: measures this project beside other programs that do the same job."""
