ALTER TABLE {table} ADD PRIMARY KEY (ledger_id, case_id, step, place, known_from);
CREATE INDEX ON {table} USING gin (array_to_tsvector(string_to_array(words, ' ')));
