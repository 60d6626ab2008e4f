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
LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $$
    SELECT sha256('\x00'::bytea || convert_to(
        'duban-leaf/' || p_format || E'\n'
        || p_ledger || E'\n'
        || p_position || E'\n'
        || p_case || E'\n'
        || p_version || E'\n'
        || p_wire || E'\n'
        || to_char(p_recorded_at AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"') || E'\n'
        || p_request || E'\n'
        || encode(sha256(p_state), 'hex') || E'\n'
        || coalesce(encode(p_prev_leaf, 'hex'), '-') || E'\n', 'UTF8'))
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
    CONSTRAINT ledger_one_line_each CHECK (
        strpos(ledger_id || case_id || wire || request_key, E'\n') = 0
    ),
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

CREATE INDEX request_by_age ON request (ledger_id, seen_at);

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

-- Append the steps of several commands, each to one case: one result a command, never an exception for one of them.
-- Events and claims are given flat; p_counts says how many events belong to each command, p_claim_of and p_release_of to which
-- command a claim belongs (counting from 1). A command without events only remembers its request.
CREATE FUNCTION ledger_append(
    p_ledger text,
    p_requests text [],
    p_fingerprints bytea [],
    p_cases text [],
    p_expected integer [],
    p_counts integer [],
    p_wires text [],
    p_states bytea [],
    p_claim_of integer [],
    p_claims text [],
    p_release_of integer [],
    p_releases text []
) RETURNS TABLE (code text, at_position bigint, at_version integer, at_time timestamptz, detail text)
LANGUAGE plpgsql SECURITY DEFINER SET search_path FROM CURRENT AS $$
DECLARE
    head_position bigint;
    head_time timestamptz;
    asked_fingerprint bytea;
    last_leaf bytea;
    next_leaf bytea;
    event integer := 0;
    body jsonb;
    until integer;
BEGIN
    SELECT h.position, h.recorded_at INTO head_position, head_time
    FROM ledger_head h WHERE h.ledger_id = p_ledger FOR UPDATE;
    IF NOT FOUND THEN
        RAISE EXCEPTION 'ledger % was never opened', p_ledger;
    END IF;

    FOR command IN 1..cardinality(p_cases) LOOP
        until := event + p_counts[command];

        SELECT r.fingerprint, l.position, l.version, l.recorded_at, l.case_id
        INTO asked_fingerprint, at_position, at_version, at_time, detail
        FROM request r JOIN ledger l ON l.ledger_id = r.ledger_id AND l.position = r.position
        WHERE r.ledger_id = p_ledger AND r.request_key = p_requests[command];
        IF FOUND THEN
            code := CASE WHEN asked_fingerprint = p_fingerprints[command] THEN 'seen' ELSE 'key_reused' END;
            event := until;
            RETURN NEXT;
            CONTINUE;
        END IF;

        detail := NULL;
        SELECT l.position, l.version, l.recorded_at, l.leaf INTO at_position, at_version, at_time, last_leaf
        FROM ledger l WHERE l.ledger_id = p_ledger AND l.case_id = p_cases[command]
        ORDER BY l.version DESC LIMIT 1;
        IF NOT FOUND THEN
            at_position := 0;
            at_version := 0;
            last_leaf := NULL;
        END IF;
        IF at_version <> p_expected[command] THEN
            code := 'stale';
            event := until;
            RETURN NEXT;
            CONTINUE;
        END IF;

        IF cardinality(p_claims) > 0 THEN
            SELECT c.name INTO detail
            FROM unnest(p_claim_of, p_claims) AS wanted (command_no, name)
            JOIN claim c ON c.ledger_id = p_ledger AND c.name = wanted.name
            WHERE wanted.command_no = command AND c.case_id <> p_cases[command]
            LIMIT 1;
            IF FOUND THEN
                code := 'claimed';
                event := until;
                RETURN NEXT;
                CONTINUE;
            END IF;
            INSERT INTO claim (ledger_id, name, case_id)
            SELECT p_ledger, wanted.name, p_cases[command]
            FROM unnest(p_claim_of, p_claims) AS wanted (command_no, name)
            WHERE wanted.command_no = command
            ON CONFLICT DO NOTHING;
        END IF;
        IF cardinality(p_releases) > 0 THEN
            DELETE FROM claim c
            USING unnest(p_release_of, p_releases) AS freed (command_no, name)
            WHERE freed.command_no = command AND c.ledger_id = p_ledger
                AND c.name = freed.name AND c.case_id = p_cases[command];
        END IF;

        WHILE event < until LOOP
            event := event + 1;
            head_position := head_position + 1;
            head_time := greatest(clock_timestamp(), head_time + interval '1 microsecond');
            at_version := at_version + 1;
            body := convert_from(p_states[event], 'UTF8')::jsonb;
            next_leaf := ledger_leaf(
                1::smallint, p_ledger, head_position, p_cases[command], at_version, p_wires[event],
                head_time, p_requests[command], p_states[event], last_leaf);
            INSERT INTO ledger (
                ledger_id, position, case_id, version, wire, state, event_id, occurred_at, occurred_precision,
                actor, office, request_key, recorded_at, format, prev_leaf, leaf)
            VALUES (
                p_ledger, head_position, p_cases[command], at_version, p_wires[event], p_states[event],
                (body ->> 'event_id')::uuid, (body #>> '{act,occurred_at}')::timestamptz,
                body #>> '{act,precision}', body #>> '{act,actor}', body #>> '{act,office}',
                p_requests[command], head_time, 1, last_leaf, next_leaf);
            last_leaf := next_leaf;
            at_position := head_position;
            at_time := head_time;
        END LOOP;

        INSERT INTO request (ledger_id, request_key, fingerprint, position, seen_at)
        VALUES (p_ledger, p_requests[command], p_fingerprints[command], at_position, clock_timestamp());
        code := 'recorded';
        RETURN NEXT;
    END LOOP;

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
