-- Tokens of accounts beside those of programs; since when a password is; and what else the log of the accounts tells.

-- Whoever migrates waits for writers anyway, and tables of people are small.
-- squawk-ignore-file require-concurrent-index-creation, adding-field-with-default
-- squawk-ignore-file adding-foreign-key-constraint, constraint-missing-not-valid
-- squawk-ignore-file ban-drop-not-null, ban-drop-constraint

ALTER TABLE token
ADD COLUMN account_id text REFERENCES account (id),
ALTER COLUMN actor DROP NOT NULL,
ALTER COLUMN role DROP NOT NULL,
ALTER COLUMN office DROP NOT NULL,
ALTER COLUMN jurisdiction DROP NOT NULL,
ADD CONSTRAINT token_of_an_account_or_a_program CHECK (
    num_nulls(actor, role, office, jurisdiction) = CASE WHEN account_id IS NULL THEN 0 ELSE 4 END
);

COMMENT ON COLUMN token.account_id IS 'Of a program it is NULL; of an account everything else is asked of the account.';

CREATE INDEX token_of_account ON token (account_id);

ALTER TABLE account ADD COLUMN password_at timestamptz NOT NULL DEFAULT clock_timestamp();

GRANT UPDATE (password_at) ON account TO duban_app;

ALTER TABLE account_log
DROP CONSTRAINT account_log_what_check,
ADD CONSTRAINT account_log_what_check CHECK (what IN (
    'created', 'disabled', 'enabled', 'password_reset', 'password_changed', 'rebound',
    'signed_in', 'signed_out', 'sign_in_refused', 'locked', 'session_revoked',
    'token_created', 'token_revoked', 'denied'
));

CREATE INDEX account_log_of_what ON account_log (what, number);
CREATE INDEX account_log_by_day ON account_log (at);
CREATE INDEX account_log_denied ON account_log (done_by, number) WHERE what = 'denied';
