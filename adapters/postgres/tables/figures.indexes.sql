ALTER TABLE {table} ADD PRIMARY KEY (ledger_id, case_id, subject, part, valid_from, known_from);
CREATE INDEX ON {table} (ledger_id, subject, jurisdiction)
WHERE known_to = 9223372036854775807 AND valid_to > '9999-12-31 00:00:00+00';
CREATE INDEX ON {table} (ledger_id, subject, jurisdiction, valid_to, valid_from)
WHERE known_to = 9223372036854775807 AND valid_to <= '9999-12-31 00:00:00+00';
CREATE INDEX ON {table} (ledger_id, subject, jurisdiction, known_to, known_from) WHERE known_to < 9223372036854775807;
CREATE INDEX ON {table} (known_from, subject, jurisdiction);
CREATE INDEX ON {table} (known_to) WHERE known_to < 9223372036854775807;
CREATE INDEX ON {table} (valid_from);
CREATE INDEX ON {table} (valid_to) WHERE valid_to <= '9999-12-31 00:00:00+00';
-- Of what lay ahead, by when it comes: said by case, PostgreSQL takes no other index for it.
CREATE INDEX ON {table} ((CASE WHEN ahead THEN valid_from END), known_from, known_to) WHERE ahead;
CREATE INDEX ON {table} ((CASE WHEN ahead THEN valid_to END), known_from, known_to)
WHERE ahead AND valid_to <= '9999-12-31 00:00:00+00';
CREATE INDEX ON {figure_cells} (ledger_id, subject, jurisdiction, cube);
