ALTER TABLE {table} ADD PRIMARY KEY (ledger_id, case_id, step, place, known_from);
CREATE INDEX ON {table} USING gin (array_to_tsvector(string_to_array(words, ' ')));
-- Titles and numbers alone, and what was said last: of what very many say, these come first. It is no partial index, so
-- that PostgreSQL uses what it knows of how often titles say a word.
CREATE INDEX ON {table} USING gin ((CASE WHEN place = 0 THEN array_to_tsvector(string_to_array(words, ' ')) END));
CREATE INDEX ON {table} (ledger_id, valid_from) WHERE place = 0;
CREATE INDEX ON {table} (ledger_id, valid_from);
