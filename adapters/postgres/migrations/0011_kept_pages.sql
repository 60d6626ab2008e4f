-- VACUUM locks a table to give empty pages at its end back to the disk, and appends would wait for that. They are used again anyway.
ALTER TABLE ledger_head SET (vacuum_truncate = off);
ALTER TABLE ledger SET (vacuum_truncate = off);
ALTER TABLE request SET (vacuum_truncate = off);
ALTER TABLE claim SET (vacuum_truncate = off);
