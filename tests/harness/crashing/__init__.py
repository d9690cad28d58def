"""A worker that lets a fault happen to itself at a failpoint, and the judge of what is left."""
