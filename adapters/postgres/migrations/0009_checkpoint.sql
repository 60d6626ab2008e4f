-- What was signed of a ledger's audit log. Rows are only ever added, by the sealer alone.

CREATE TABLE checkpoint (
    ledger_id text NOT NULL,
    size bigint NOT NULL CHECK (size > 0),
    note text NOT NULL,
    signed_at timestamptz NOT NULL DEFAULT clock_timestamp(),
    PRIMARY KEY (ledger_id, size)
);

CREATE TRIGGER checkpoint_is_append_only BEFORE UPDATE OR DELETE ON checkpoint
FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();

CREATE TRIGGER checkpoint_is_not_truncated BEFORE TRUNCATE ON checkpoint
FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();

GRANT SELECT ON ledger, ledger_head TO duban_sealer;
GRANT SELECT, INSERT ON checkpoint TO duban_sealer;
GRANT SELECT ON checkpoint TO duban_app;
