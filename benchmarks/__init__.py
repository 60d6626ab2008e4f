"""What prints the figures to reach, each beside the raw limit measured in the same run."""
