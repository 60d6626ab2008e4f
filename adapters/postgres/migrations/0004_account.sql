-- People: their accounts, their sessions, what was done to an account and by whom; and what a token may do.
-- No password and no secret of a session is ever stored, and none is ever logged.

CREATE TABLE account (
    id text PRIMARY KEY,
    login text NOT NULL,
    login_key text NOT NULL CONSTRAINT account_login_once UNIQUE,
    name text NOT NULL,
    role text NOT NULL,
    office text NOT NULL,
    jurisdiction text NOT NULL,
    deputy text CHECK ((role = 'deputy') = (deputy IS NOT NULL)),
    password_hash text NOT NULL,
    must_change boolean NOT NULL,
    created_at timestamptz NOT NULL DEFAULT clock_timestamp(),
    disabled_at timestamptz
);

COMMENT ON COLUMN account.login_key IS 'The login as it is compared: compatibility forms and capitals made alike.';

CREATE TABLE session (
    id text PRIMARY KEY,
    secret_sha256 bytea NOT NULL UNIQUE CHECK (octet_length(secret_sha256) = 32),
    account_id text NOT NULL REFERENCES account (id),
    address text NOT NULL,
    agent text NOT NULL,
    created_at timestamptz NOT NULL DEFAULT clock_timestamp(),
    last_seen_at timestamptz NOT NULL DEFAULT clock_timestamp(),
    revoked_at timestamptz
);

CREATE INDEX session_in_force ON session (account_id) WHERE revoked_at IS NULL;
CREATE INDEX session_by_age ON session (created_at);

CREATE TABLE account_log (
    number bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    at timestamptz NOT NULL DEFAULT clock_timestamp(),
    done_by text,
    account_id text REFERENCES account (id),
    what text NOT NULL CHECK (what IN (
        'created', 'disabled', 'enabled', 'password_reset', 'password_changed', 'rebound',
        'signed_in', 'signed_out', 'sign_in_refused', 'locked', 'session_revoked'
    )),
    detail jsonb NOT NULL DEFAULT '{}'
);

COMMENT ON TABLE account_log IS 'Append-only. account_id is NULL of a login that there is not, done_by where nobody is known.';

CREATE INDEX account_log_of_account ON account_log (account_id, number);

CREATE FUNCTION refuse_change_of_account_log() RETURNS trigger
LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION 'the log of the accounts is append-only: % refused', TG_OP USING ERRCODE = 'insufficient_privilege';
END
$$;

CREATE TRIGGER account_log_is_append_only BEFORE UPDATE OR DELETE ON account_log
FOR EACH STATEMENT EXECUTE FUNCTION refuse_change_of_account_log();

CREATE TRIGGER account_log_is_not_truncated BEFORE TRUNCATE ON account_log
FOR EACH STATEMENT EXECUTE FUNCTION refuse_change_of_account_log();

-- Failed sign-ins of one account or one address, for as long as they count. What the key means is an HMAC, so that
-- a password that was typed into the wrong field is not kept.
CREATE TABLE sign_in_failure (
    key bytea PRIMARY KEY CHECK (octet_length(key) = 32),
    failures integer NOT NULL,
    since timestamptz NOT NULL,
    locked_until timestamptz
);

CREATE INDEX sign_in_failure_by_age ON sign_in_failure (since);

GRANT SELECT, INSERT ON account TO duban_app;
GRANT UPDATE (role, office, jurisdiction, deputy, password_hash, must_change, disabled_at) ON account TO duban_app;
GRANT SELECT, INSERT, DELETE ON session TO duban_app;
GRANT UPDATE (last_seen_at, revoked_at) ON session TO duban_app;
GRANT SELECT, INSERT ON account_log TO duban_app;
GRANT SELECT, INSERT, UPDATE, DELETE ON sign_in_failure TO duban_app;

ALTER TABLE token
ADD COLUMN scopes text [] NOT NULL DEFAULT '{read,record}',
ADD COLUMN last_used_at timestamptz;

GRANT UPDATE (last_used_at) ON token TO duban_app;
