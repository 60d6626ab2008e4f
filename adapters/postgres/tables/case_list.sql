CREATE TABLE {table} (
    ledger_id text NOT NULL,
    case_id text NOT NULL,
    valid_from timestamptz NOT NULL,
    valid_to timestamptz NOT NULL,
    known_from bigint NOT NULL,
    known_to bigint NOT NULL,
    kind text NOT NULL,
    jurisdiction text NOT NULL,
    number text,
    title text NOT NULL,
    stage text NOT NULL,
    session text,
    person text,
    unit text,
    units text NOT NULL,
    opened_on date,
    handed_over_on date,
    due_on date,
    overdue_from timestamptz,
    answered_on date,
    extended boolean NOT NULL,
    over boolean NOT NULL,
    next_clock text,
    next_due_on date,
    estimate boolean NOT NULL,
    rounds integer NOT NULL,
    grade text,
    audience text NOT NULL,
    sealed_until timestamptz,
    tied_to text NOT NULL,
    awaited text NOT NULL,
    dated_ahead boolean NOT NULL,
    -- How long it was so, and was known to be: the digits of its seconds, and positions, to the base 4; eight if fewer.
    so_long integer GENERATED ALWAYS AS (
        greatest(
            8,
            2 * length(to_hex(extract(EPOCH FROM valid_to - valid_from)::bigint))
            - CASE WHEN to_hex(extract(EPOCH FROM valid_to - valid_from)::bigint) COLLATE "C" < '4' THEN 1 ELSE 0 END
        )
    ) STORED,
    known_so_long integer GENERATED ALWAYS AS (
        greatest(
            8,
            2 * length(to_hex(known_to - known_from))
            - CASE WHEN to_hex(known_to - known_from) COLLATE "C" < '4' THEN 1 ELSE 0 END
        )
    ) STORED
);

-- The second line, should a query ever forget whose cases it may tell: without a jurisdiction, nothing is told.
ALTER TABLE {table} ENABLE ROW LEVEL SECURITY;
CREATE POLICY of_one_jurisdiction ON {table} FOR SELECT TO duban_app
USING ((SELECT current_setting('duban.jurisdiction', true)) IN (jurisdiction, '*'));

-- Which units a case had at any time, and when it was opened then: of a unit, cases are found in the order of the list.
CREATE TABLE {case_shares} (
    ledger_id text NOT NULL,
    case_id text NOT NULL,
    jurisdiction text NOT NULL,
    unit text NOT NULL,
    dated_ahead boolean NOT NULL,
    opened_on date NOT NULL
);
ALTER TABLE {case_shares} ENABLE ROW LEVEL SECURITY;
CREATE POLICY of_one_jurisdiction ON {case_shares} FOR SELECT TO duban_app
USING ((SELECT current_setting('duban.jurisdiction', true)) IN (jurisdiction, '*'));
