"""What may happen: case types, procedures, clocks and rules."""
