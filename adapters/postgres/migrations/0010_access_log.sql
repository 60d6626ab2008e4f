-- The access log: who was refused what, and who read what is kept of a person. It is no part of the ledger: lines are only ever added, and are
-- forgotten after their days. Neither an address with what is in it, nor a body, nor a word that somebody typed is kept.

-- The denials that account_log has stay there and are read there; new ones are lines of the access log.
-- squawk-ignore require-concurrent-index-deletion
DROP INDEX account_log_denied;

CREATE TABLE access_log (
    number bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    at timestamptz NOT NULL DEFAULT clock_timestamp(),
    jurisdiction text NOT NULL,
    account_id text REFERENCES account (id),
    token_id text REFERENCES token (id),
    actor text NOT NULL,
    role text NOT NULL,
    office text NOT NULL,
    kind text NOT NULL CHECK (kind IN ('refused', 'read', 'left_out')),
    what text CHECK ((what IS NULL) = (kind = 'left_out')),
    code text CHECK ((code IS NOT NULL) = (kind = 'refused')),
    case_id text,
    person text CHECK ((person IS NOT NULL) = (kind = 'read')),
    purposes text [] CHECK ((purposes IS NOT NULL) = (kind = 'read')),
    occasion text CHECK (occasion IS NULL OR kind = 'read'),
    left_out bigint CHECK ((left_out > 0) IS NOT DISTINCT FROM nullif(kind = 'left_out', false))
);

COMMENT ON TABLE access_log IS 'Append-only; only access_forget takes lines away.';
COMMENT ON COLUMN access_log.jurisdiction IS 'That of whoever asked, as his role and his office are.';
COMMENT ON COLUMN access_log.token_id IS 'NULL of a page.';
COMMENT ON COLUMN access_log.what IS 'Method and template of the route, or the command.';
COMMENT ON COLUMN access_log.code IS 'Message id of the refusal.';
COMMENT ON COLUMN access_log.left_out IS 'How many refusals are not told of the minute that begins at that time.';

CREATE INDEX access_log_of_jurisdiction ON access_log (jurisdiction, number);
CREATE INDEX access_log_of_actor ON access_log (actor, number);
CREATE INDEX access_log_of_case ON access_log (case_id, number) WHERE case_id IS NOT NULL;
CREATE INDEX access_log_by_time ON access_log (at);

CREATE FUNCTION refuse_change_of_access_log() RETURNS trigger
LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION 'the access log is append-only: % refused', TG_OP USING ERRCODE = 'insufficient_privilege';
END
$$;

CREATE TRIGGER access_log_is_append_only BEFORE UPDATE OR TRUNCATE ON access_log
FOR EACH STATEMENT EXECUTE FUNCTION refuse_change_of_access_log();

-- Nobody deletes a line of the last 180 days, and no older one but by access_forget, which turns the setting on while it does. (A function
-- may have a setting of its own only if a superuser makes it.)
CREATE TRIGGER access_log_is_not_deleted BEFORE DELETE ON access_log
FOR EACH ROW WHEN (
    current_setting('duban.access_forget', true) IS DISTINCT FROM 'on'
    OR old.at > clock_timestamp() - interval '180 days'
) EXECUTE FUNCTION refuse_change_of_access_log();

-- At least 180 days: the Cybersecurity Law (网络安全法) keeps network logs for no less than six months.
CREATE FUNCTION access_forget(p_days integer) RETURNS bigint
LANGUAGE plpgsql SECURITY DEFINER SET search_path FROM CURRENT AS $$
DECLARE
    forgotten bigint;
BEGIN
    IF (p_days >= 180) IS NOT TRUE THEN
        RAISE EXCEPTION 'the access log is kept for at least 180 days, not %', p_days
        USING ERRCODE = 'invalid_parameter_value';
    END IF;
    PERFORM set_config('duban.access_forget', 'on', true);
    DELETE FROM access_log a WHERE a.at < clock_timestamp() - make_interval(days => p_days);
    GET DIAGNOSTICS forgotten = ROW_COUNT;
    PERFORM set_config('duban.access_forget', 'off', true);
    RETURN forgotten;
END
$$;

-- How often somebody was refused in a minute: those beyond the most are told in one line when the minute is over.
CREATE TABLE access_minute (
    who text NOT NULL,
    minute timestamptz NOT NULL,
    jurisdiction text NOT NULL,
    account_id text,
    token_id text,
    actor text NOT NULL,
    role text NOT NULL,
    office text NOT NULL,
    refusals bigint NOT NULL DEFAULT 1,
    PRIMARY KEY (who, minute)
);

CREATE INDEX access_minute_by_time ON access_minute (minute);

REVOKE ALL ON FUNCTION access_forget FROM PUBLIC;
GRANT EXECUTE ON FUNCTION access_forget TO duban_app;
GRANT SELECT, INSERT ON access_log TO duban_app;
GRANT SELECT, INSERT, DELETE ON access_minute TO duban_app;
GRANT UPDATE (refusals) ON access_minute TO duban_app;
