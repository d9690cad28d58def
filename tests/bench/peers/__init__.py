"""Other programs that do the same job, written as their users would write them, for the bench to compare with."""
