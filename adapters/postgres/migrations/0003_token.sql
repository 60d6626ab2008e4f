-- Tokens of programs and people: the secret itself is never stored.

CREATE TABLE token (
    id text PRIMARY KEY,
    secret_sha256 bytea NOT NULL CHECK (octet_length(secret_sha256) = 32),
    actor text NOT NULL,
    role text NOT NULL,
    office text NOT NULL,
    jurisdiction text NOT NULL,
    note text NOT NULL,
    created_at timestamptz NOT NULL DEFAULT clock_timestamp(),
    expires_at timestamptz NOT NULL,
    revoked_at timestamptz
);

GRANT SELECT, INSERT ON token TO duban_app;
GRANT UPDATE (revoked_at) ON token TO duban_app;
