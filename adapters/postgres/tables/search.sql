CREATE TABLE {table} (
    ledger_id text NOT NULL,
    case_id text NOT NULL,
    step integer NOT NULL,
    place integer NOT NULL,
    wire text NOT NULL,
    valid_from timestamptz NOT NULL,
    known_from bigint NOT NULL,
    known_to bigint NOT NULL,
    text text NOT NULL,
    words text NOT NULL
);
