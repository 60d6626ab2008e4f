-- Drafts: forms that somebody began to fill in, kept beside the ledger until they are recorded, discarded or too old.

CREATE TABLE draft (
    id text PRIMARY KEY,
    account_id text NOT NULL REFERENCES account (id),
    case_id text,
    step text NOT NULL,
    version integer NOT NULL,
    fields json NOT NULL,
    kept_at timestamptz NOT NULL DEFAULT clock_timestamp()
);

COMMENT ON COLUMN draft.case_id IS 'NULL where the form opens a case.';
COMMENT ON COLUMN draft.version IS 'The version of the case that the form was made for.';
COMMENT ON COLUMN draft.fields IS 'The texts of each field, as json and not jsonb, because a browser may send any character.';

CREATE INDEX draft_of_account ON draft (account_id, kept_at);
CREATE INDEX draft_by_age ON draft (kept_at);

GRANT SELECT, INSERT, DELETE ON draft TO duban_app;
GRANT UPDATE (version, fields, kept_at) ON draft TO duban_app;
