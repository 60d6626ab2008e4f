-- The ledger: what was recorded, in one gapless order per ledger. Rows are only ever added.
-- The stored row and its leaf are frozen from the first event on; docs/audit-format.md specifies them.

CREATE TABLE installation (
    only_one boolean PRIMARY KEY DEFAULT true CHECK (only_one),
    id text NOT NULL,
    created_at timestamptz NOT NULL DEFAULT clock_timestamp()
);

CREATE TABLE ledger_head (
    ledger_id text PRIMARY KEY CHECK (strpos(ledger_id, E'\n') = 0),
    position bigint NOT NULL DEFAULT 0,
    recorded_at timestamptz NOT NULL DEFAULT 'epoch'
) WITH (fillfactor = 20);

-- NULL, and so no row, for a text that would be more than one line. Not in SQL: the CHECK would be inlined for every statement.
CREATE FUNCTION ledger_leaf(
    p_format smallint,
    p_ledger text,
    p_position bigint,
    p_case text,
    p_version integer,
    p_wire text,
    p_recorded_at timestamptz,
    p_request text,
    p_state bytea,
    p_prev_leaf bytea
) RETURNS bytea
LANGUAGE plpgsql STABLE PARALLEL SAFE AS $$
BEGIN
    IF strpos(p_ledger || p_case || p_wire || p_request, E'\n') > 0 THEN
        RETURN NULL;
    END IF;
    RETURN sha256('\x00'::bytea || convert_to(
        'duban-leaf/' || p_format || E'\n'
        || p_ledger || E'\n'
        || p_position || E'\n'
        || p_case || E'\n'
        || p_version || E'\n'
        || p_wire || E'\n'
        || to_char(p_recorded_at AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"') || E'\n'
        || p_request || E'\n'
        || encode(sha256(p_state), 'hex') || E'\n'
        || coalesce(encode(p_prev_leaf, 'hex'), '-') || E'\n', 'UTF8'));
END
$$;

CREATE TABLE ledger (
    ledger_id text NOT NULL,
    position bigint NOT NULL,
    case_id text NOT NULL,
    version integer NOT NULL,
    wire text NOT NULL,
    state bytea NOT NULL,
    event_id uuid NOT NULL,
    occurred_at timestamptz NOT NULL,
    occurred_precision text NOT NULL,
    actor text NOT NULL,
    office text NOT NULL,
    request_key text NOT NULL,
    recorded_at timestamptz NOT NULL,
    format smallint NOT NULL,
    prev_leaf bytea,
    leaf bytea NOT NULL,
    PRIMARY KEY (ledger_id, case_id, version),
    CONSTRAINT ledger_position_once UNIQUE (ledger_id, position),
    CONSTRAINT ledger_leaf_of_row CHECK ((
        leaf = ledger_leaf(
            format, ledger_id, position, case_id, version, wire, recorded_at, request_key, state, prev_leaf
        )
    ) IS TRUE)
);

COMMENT ON TABLE ledger IS 'Append-only. state is the exact bytes that leaf covers; columns beside it repeat what it says.';

CREATE VIEW ledger_readable AS
SELECT
    ledger_id,
    position,
    case_id,
    version,
    wire,
    recorded_at,
    actor,
    office,
    occurred_at,
    convert_from(state, 'UTF8')::jsonb AS state
FROM ledger;

-- A request and the last position it had, kept for 90 days; never its body, never its answer.
CREATE TABLE request (
    ledger_id text NOT NULL,
    request_key text NOT NULL,
    fingerprint bytea NOT NULL,
    position bigint NOT NULL,
    seen_at timestamptz NOT NULL,
    PRIMARY KEY (ledger_id, request_key)
);

CREATE INDEX request_by_age ON request USING brin (seen_at);

-- What only one case may hold at a time. Derived from the events, and rebuildable from them.
CREATE TABLE claim (
    ledger_id text NOT NULL,
    name text NOT NULL,
    case_id text NOT NULL,
    PRIMARY KEY (ledger_id, name)
);

CREATE FUNCTION refuse_change() RETURNS trigger
LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION 'the ledger is append-only: % refused', TG_OP USING ERRCODE = 'insufficient_privilege';
END
$$;

CREATE TRIGGER ledger_is_append_only BEFORE UPDATE OR DELETE ON ledger
FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();

CREATE TRIGGER ledger_is_not_truncated BEFORE TRUNCATE ON ledger
FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();

CREATE FUNCTION ledger_open(p_ledger text) RETURNS void
LANGUAGE sql SECURITY DEFINER SET search_path FROM CURRENT AS $$
    INSERT INTO ledger_head (ledger_id) VALUES (p_ledger) ON CONFLICT DO NOTHING
$$;

-- Append the steps of several commands, each to a case of its own: one result a command, never an exception for one of them.
-- A command: {"request", "fingerprint" (hex), "case", "expected" (version), "steps", "claims", "releases"}; a step:
-- {"wire", "first", "bytes"}, which says where in p_states its state is: the exact bytes that are stored.
-- A command without steps only remembers its request.
CREATE FUNCTION ledger_append(p_ledger text, p_commands jsonb, p_states bytea)
RETURNS TABLE (code text, at_position bigint, at_version integer, at_time timestamptz, detail text)
LANGUAGE plpgsql SECURITY DEFINER SET search_path FROM CURRENT
SET plan_cache_mode = force_generic_plan SET enable_seqscan = off AS $$
DECLARE
    head_position bigint;
    head_time timestamptz;
    command jsonb;
    names text [];
    asked request;
    seen_fingerprint bytea;
    said jsonb;
    added ledger;
    all_asked request [];
    all_added ledger [];
    steps jsonb;
    step jsonb;
BEGIN
    SELECT h.position, h.recorded_at INTO head_position, head_time
    FROM ledger_head h WHERE h.ledger_id = p_ledger FOR UPDATE;
    IF NOT FOUND THEN
        RAISE EXCEPTION 'ledger % was never opened', p_ledger;
    END IF;
    asked.ledger_id := p_ledger;
    added.ledger_id := p_ledger;
    added.format := 1;

    FOR i IN 0..jsonb_array_length(p_commands) - 1 LOOP
        command := p_commands -> i;
        asked.request_key := command ->> 'request';
        asked.fingerprint := decode(command ->> 'fingerprint', 'hex');
        added.case_id := command ->> 'case';

        SELECT r.fingerprint, r.position INTO seen_fingerprint, at_position
        FROM request r WHERE r.ledger_id = p_ledger AND r.request_key = asked.request_key;
        IF FOUND THEN
            SELECT l.version, l.recorded_at, l.case_id INTO at_version, at_time, detail
            FROM ledger l WHERE l.ledger_id = p_ledger AND l.position = at_position;
            code := CASE WHEN seen_fingerprint = asked.fingerprint THEN 'seen' ELSE 'key_reused' END;
            RETURN NEXT;
            CONTINUE;
        END IF;

        detail := NULL;
        SELECT l.position, l.version, l.recorded_at, l.leaf INTO at_position, at_version, at_time, added.leaf
        FROM ledger l WHERE l.ledger_id = p_ledger AND l.case_id = added.case_id
        ORDER BY l.version DESC LIMIT 1;
        IF NOT FOUND THEN
            at_position := 0;
            at_version := 0;
        END IF;
        IF at_version <> (command -> 'expected')::integer THEN
            code := 'stale';
            RETURN NEXT;
            CONTINUE;
        END IF;

        IF command ? 'claims' THEN
            names := ARRAY(SELECT jsonb_array_elements_text(command -> 'claims'));
            SELECT c.name INTO detail FROM claim c
            WHERE c.ledger_id = p_ledger AND c.name = ANY (names) AND c.case_id <> added.case_id LIMIT 1;
            IF FOUND THEN
                code := 'claimed';
                RETURN NEXT;
                CONTINUE;
            END IF;
            INSERT INTO claim (ledger_id, name, case_id) SELECT p_ledger, unnest(names), added.case_id
            ON CONFLICT DO NOTHING;
        END IF;
        IF command ? 'releases' THEN
            names := ARRAY(SELECT jsonb_array_elements_text(command -> 'releases'));
            DELETE FROM claim c WHERE c.ledger_id = p_ledger AND c.name = ANY (names) AND c.case_id = added.case_id;
        END IF;

        steps := command -> 'steps';
        added.version := at_version;
        added.request_key := asked.request_key;
        FOR j IN 0..jsonb_array_length(steps) - 1 LOOP
            step := steps -> j;
            head_position := head_position + 1;
            head_time := greatest(clock_timestamp(), head_time + interval '1 microsecond');
            added.position := head_position;
            added.version := added.version + 1;
            added.wire := step ->> 'wire';
            added.state := substring(p_states FROM (step -> 'first')::integer FOR (step -> 'bytes')::integer);
            said := convert_from(added.state, 'UTF8')::jsonb;
            added.event_id := said ->> 'event_id';
            added.occurred_at := said #>> '{act,occurred_at}';
            added.occurred_precision := said #>> '{act,precision}';
            added.actor := said #>> '{act,actor}';
            added.office := said #>> '{act,office}';
            added.recorded_at := head_time;
            added.prev_leaf := added.leaf;
            added.leaf := ledger_leaf(
                added.format, p_ledger, added.position, added.case_id, added.version, added.wire,
                added.recorded_at, added.request_key, added.state, added.prev_leaf);
            all_added := all_added || added;
            at_position := head_position;
            at_version := added.version;
            at_time := head_time;
        END LOOP;

        asked.position := at_position;
        asked.seen_at := clock_timestamp();
        all_asked := all_asked || asked;
        code := 'recorded';
        RETURN NEXT;
    END LOOP;

    INSERT INTO ledger SELECT * FROM unnest(all_added);
    INSERT INTO request SELECT * FROM unnest(all_asked);
    UPDATE ledger_head h SET position = head_position, recorded_at = head_time WHERE h.ledger_id = p_ledger;
END
$$;

-- The last position recorded by a time: recorded_at never decreases along the positions.
CREATE FUNCTION ledger_position_at(p_ledger text, p_known_at timestamptz) RETURNS bigint
LANGUAGE plpgsql STABLE AS $$
DECLARE
    low bigint := 0;
    high bigint;
    middle bigint;
BEGIN
    SELECT h.position INTO high FROM ledger_head h WHERE h.ledger_id = p_ledger;
    WHILE low < high LOOP
        middle := (low + high + 1) / 2;
        IF (SELECT l.recorded_at <= p_known_at FROM ledger l WHERE l.ledger_id = p_ledger AND l.position = middle) THEN
            low := middle;
        ELSE
            high := middle - 1;
        END IF;
    END LOOP;
    RETURN low;
END
$$;

CREATE FUNCTION request_forget(p_ledger text, p_before timestamptz) RETURNS bigint
LANGUAGE sql SECURITY DEFINER SET search_path FROM CURRENT AS $$
    WITH forgotten AS (
        DELETE FROM request r WHERE r.ledger_id = p_ledger AND r.seen_at < p_before RETURNING 1
    )
    SELECT count(*) FROM forgotten
$$;

REVOKE ALL ON FUNCTION ledger_open, ledger_append, request_forget FROM PUBLIC;
GRANT SELECT ON installation, ledger_head, ledger, ledger_readable, request, claim TO duban_app;
GRANT EXECUTE ON FUNCTION ledger_append, request_forget TO duban_app;
GRANT SELECT ON ledger_head, ledger TO duban_projector;
