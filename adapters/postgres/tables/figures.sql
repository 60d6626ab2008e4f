CREATE TABLE {table} (
    ledger_id text NOT NULL,
    case_id text NOT NULL,
    valid_from timestamptz NOT NULL,
    valid_to timestamptz NOT NULL,
    known_from bigint NOT NULL,
    known_to bigint NOT NULL,
    subject text NOT NULL,
    part text NOT NULL,
    kind text NOT NULL,
    jurisdiction text NOT NULL,
    stage text NOT NULL,
    year integer NOT NULL,
    session text,
    unit text,
    person text,
    committee text,
    counts text NOT NULL,
    ahead boolean NOT NULL
);

-- The second line, as for the case list: without a jurisdiction, nothing is told.
ALTER TABLE {table} ENABLE ROW LEVEL SECURITY;
CREATE POLICY of_one_jurisdiction ON {table} FOR SELECT TO duban_app
USING ((SELECT current_setting('duban.jurisdiction', true)) IN (jurisdiction, '*'));

-- Sums laid over the stretches: see adapters/postgres/sums.py.
CREATE TABLE {figure_blocks} (
    block integer GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    ledger_id text NOT NULL,
    size integer NOT NULL,
    first bigint NOT NULL,
    last bigint NOT NULL,
    within bigint,
    since timestamptz,
    at timestamptz NOT NULL,
    furthest timestamptz,
    earliest bigint,
    sums integer,
    UNIQUE (ledger_id, size, last),
    UNIQUE (ledger_id, size, at, last)
);
CREATE TABLE {figure_cells} (
    cell integer PRIMARY KEY,
    ledger_id text NOT NULL,
    key text NOT NULL,
    cube integer NOT NULL,
    subject text NOT NULL,
    jurisdiction text NOT NULL,
    unit text,
    stage text,
    kind text,
    year integer,
    session text,
    committee text,
    person text,
    UNIQUE (ledger_id, key)
);
CREATE TABLE {figure_sums} (
    series integer NOT NULL,
    cell integer NOT NULL,
    at bigint NOT NULL,
    counts integer [] NOT NULL,
    PRIMARY KEY (series, cell, at)
);

-- The sums alone say nothing of whose they are.
ALTER TABLE {figure_cells} ENABLE ROW LEVEL SECURITY;
CREATE POLICY of_one_jurisdiction ON {figure_cells} FOR SELECT TO duban_app
USING ((SELECT current_setting('duban.jurisdiction', true)) IN (jurisdiction, '*'));
