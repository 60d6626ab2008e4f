-- Its last two columns make no key, but a case is found at a moment by its one row, not by all that it ever had.
ALTER TABLE {table} ADD PRIMARY KEY (ledger_id, case_id, valid_from, known_from, valid_to, known_to);
-- What a moment and a stage leave out is left out in the index: a row is fetched only if it is shown, or nearly.
CREATE INDEX ON {table}
(ledger_id, jurisdiction, (CASE WHEN opened_on IS NULL THEN '9999-12-31'::date ELSE opened_on END), case_id, valid_from,
known_from, stage, overdue_from) INCLUDE (opened_on)
WHERE known_to = 9223372036854775807 AND valid_to > '9999-12-31 00:00:00+00' AND NOT dated_ahead;
CREATE INDEX ON {table}
(ledger_id, jurisdiction, (CASE WHEN opened_on IS NULL THEN '9999-12-31'::date ELSE opened_on END), case_id)
WHERE known_to = 9223372036854775807 AND valid_to > '9999-12-31 00:00:00+00' AND dated_ahead;
CREATE INDEX ON {table}
(ledger_id, jurisdiction, (CASE WHEN opened_on IS NULL THEN '9999-12-31'::date ELSE opened_on END), case_id, valid_from,
known_from, stage, overdue_from)
WHERE known_to = 9223372036854775807 AND valid_to > '9999-12-31 00:00:00+00' AND NOT dated_ahead
AND overdue_from IS NOT NULL;
-- What is waited for, by its due date.
CREATE INDEX ON {table}
(ledger_id, jurisdiction, (CASE WHEN due_on IS NULL THEN '9999-12-31'::date ELSE due_on END), case_id, valid_from,
known_from, overdue_from)
WHERE known_to = 9223372036854775807 AND valid_to > '9999-12-31 00:00:00+00'
AND handed_over_on IS NOT NULL AND answered_on IS NULL AND NOT over;
-- What was so at a moment, and no longer than some days, came to its end some days after it: only these are gone through.
CREATE INDEX ON {table} (ledger_id, jurisdiction, so_long, valid_to, valid_from, known_from, stage, overdue_from)
WHERE known_to = 9223372036854775807 AND valid_to <= '9999-12-31 00:00:00+00';
CREATE INDEX ON {table}
(ledger_id, jurisdiction, known_so_long, known_to, known_from, valid_to, valid_from, stage, overdue_from)
WHERE known_to < 9223372036854775807;
-- All in the order in which the cases were opened: for a page, only those of the last ones are gone through.
CREATE INDEX ON {table}
(ledger_id, jurisdiction, dated_ahead, (CASE WHEN opened_on IS NULL THEN '9999-12-31'::date ELSE opened_on END),
valid_to, valid_from, known_to, known_from, stage, overdue_from);
CREATE INDEX ON {table} (ledger_id, jurisdiction, person);
CREATE INDEX ON {table} USING gin (string_to_array(tied_to, ' ')) WHERE tied_to <> '';
-- Whose they are today, for readers of their own alone (case_list.audience.sql).
CREATE INDEX ON {table} USING gin (
    string_to_array(
        jurisdiction || '/' || kind || '/' || replace(audience, ' ', ' ' || jurisdiction || '/' || kind || '/'), ' '
    )
) WITH (fastupdate = off)
WHERE known_to = 9223372036854775807 AND valid_to > '9999-12-31 00:00:00+00';

ALTER TABLE {case_shares} ADD PRIMARY KEY (ledger_id, jurisdiction, unit, dated_ahead, opened_on, case_id);
