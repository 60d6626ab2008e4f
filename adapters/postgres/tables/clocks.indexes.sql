ALTER TABLE {table} ADD PRIMARY KEY (ledger_id, case_id, clock, part, nth, valid_from, known_from);
CREATE INDEX ON {table} (ledger_id, jurisdiction, due_on, case_id, clock, part, nth)
WHERE known_to = 9223372036854775807 AND valid_to > '9999-12-31 00:00:00+00' AND ended IS NULL;
CREATE INDEX ON {table} (ledger_id, jurisdiction, due_on, case_id, clock, part, nth)
WHERE known_to = 9223372036854775807 AND valid_to > '9999-12-31 00:00:00+00';
CREATE INDEX ON {table} (ledger_id, jurisdiction, valid_to, valid_from)
WHERE known_to = 9223372036854775807 AND valid_to <= '9999-12-31 00:00:00+00';
CREATE INDEX ON {table} (ledger_id, jurisdiction, known_to, known_from) WHERE known_to < 9223372036854775807;
