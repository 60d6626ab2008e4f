"""Everything outside: PostgreSQL, the environment, files and networks."""
