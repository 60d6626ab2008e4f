ALTER TABLE {table} ADD PRIMARY KEY (ledger_id, position);
CREATE INDEX ON {table} (ledger_id, actor, position);
CREATE INDEX ON {table} (ledger_id, wire, position);
