"""The arithmetic and its rules: pure, no input or output, no clock."""
