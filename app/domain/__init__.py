"""The arithmetic: windows, indicators, rules, signals. Pure: no input, no output, no clock."""
