CREATE TABLE {table} (
    ledger_id text NOT NULL,
    case_id text NOT NULL,
    valid_from timestamptz NOT NULL,
    valid_to timestamptz NOT NULL,
    known_from bigint NOT NULL,
    known_to bigint NOT NULL,
    clock text NOT NULL,
    part text NOT NULL,
    nth integer NOT NULL,
    kind text NOT NULL,
    jurisdiction text NOT NULL,
    unit text,
    started_on date NOT NULL,
    due_on date NOT NULL,
    overdue_from timestamptz NOT NULL,
    estimate boolean NOT NULL,
    ended text
);

-- The second line, as for the case list: without a jurisdiction, nothing is told.
ALTER TABLE {table} ENABLE ROW LEVEL SECURITY;
CREATE POLICY of_one_jurisdiction ON {table} FOR SELECT TO duban_app
USING ((SELECT current_setting('duban.jurisdiction', true)) IN (jurisdiction, '*'));
