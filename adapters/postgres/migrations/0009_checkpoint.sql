-- What was signed of a ledger's audit log, which has another origin after a fork. Rows are only ever added, by the sealer alone.

CREATE TABLE checkpoint (
    ledger_id text NOT NULL,
    origin text NOT NULL,
    size bigint NOT NULL CHECK (size > 0),
    note text NOT NULL,
    signed_at timestamptz NOT NULL DEFAULT clock_timestamp(),
    PRIMARY KEY (ledger_id, origin, size)
);

CREATE INDEX checkpoint_by_time ON checkpoint (ledger_id, signed_at);

CREATE TRIGGER checkpoint_is_append_only BEFORE UPDATE OR DELETE ON checkpoint
FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();

CREATE TRIGGER checkpoint_is_not_truncated BEFORE TRUNCATE ON checkpoint
FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();

-- What was signed of the log that is being signed now.
CREATE VIEW current_checkpoint AS
SELECT c.*
FROM checkpoint AS c
WHERE c.origin = (
    SELECT l.origin FROM checkpoint AS l
    WHERE l.ledger_id = c.ledger_id
    ORDER BY l.signed_at DESC LIMIT 1
);

GRANT SELECT ON ledger, ledger_head TO duban_sealer;
GRANT SELECT, INSERT ON checkpoint TO duban_sealer;
GRANT SELECT ON checkpoint, current_checkpoint TO duban_app;
