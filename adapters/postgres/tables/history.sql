CREATE TABLE {table} (
    ledger_id text NOT NULL,
    position bigint NOT NULL,
    case_id text NOT NULL,
    version integer NOT NULL,
    wire text NOT NULL,
    recorded_at timestamptz NOT NULL,
    occurred_at timestamptz NOT NULL,
    precision text NOT NULL,
    late boolean NOT NULL,
    actor text NOT NULL,
    role text NOT NULL,
    office text NOT NULL,
    on_behalf_of text,
    document text,
    part text,
    target integer
);
