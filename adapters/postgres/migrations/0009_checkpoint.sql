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

-- Of each day on which the log had grown, the checkpoint that was laid down, with the time-stamp (RFC 3161) of an authority if there is one.
CREATE TABLE anchor (
    ledger_id text NOT NULL,
    origin text NOT NULL,
    size bigint NOT NULL,
    day date NOT NULL,
    token bytea,
    anchored_at timestamptz NOT NULL DEFAULT clock_timestamp(),
    PRIMARY KEY (ledger_id, origin, size),
    FOREIGN KEY (ledger_id, origin, size) REFERENCES checkpoint (ledger_id, origin, size)
);

CREATE TRIGGER anchor_is_append_only BEFORE UPDATE OR DELETE ON anchor
FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();

CREATE TRIGGER anchor_is_not_truncated BEFORE TRUNCATE ON anchor
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
GRANT SELECT, INSERT ON checkpoint, anchor TO duban_sealer;
GRANT SELECT ON checkpoint, current_checkpoint, anchor TO duban_app;
