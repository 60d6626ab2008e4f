"""Who asks: accounts, sessions and tokens."""
