-- Projections: which builds of each there are, and how far each has read each ledger.
-- The rows of a build are in its own table of the read schema; a view of the projection's name shows the live build.

CREATE TABLE projection_build (
    name text NOT NULL,
    build integer NOT NULL,
    version integer NOT NULL,
    state text NOT NULL CHECK (state IN ('building', 'live', 'retired')),
    created_at timestamptz NOT NULL DEFAULT clock_timestamp(),
    live_at timestamptz,
    PRIMARY KEY (name, build)
);

CREATE UNIQUE INDEX projection_one_live_build ON projection_build (name) WHERE state = 'live';

CREATE TABLE projection_position (
    ledger_id text NOT NULL,
    name text NOT NULL,
    build integer NOT NULL,
    position bigint NOT NULL DEFAULT 0,
    moved_at timestamptz NOT NULL DEFAULT clock_timestamp(),
    heartbeat timestamptz NOT NULL DEFAULT clock_timestamp(),
    error text,
    error_position bigint,
    PRIMARY KEY (ledger_id, name, build)
) WITH (fillfactor = 50);

GRANT SELECT ON projection_build, projection_position TO duban_app;
GRANT SELECT, INSERT, UPDATE, DELETE ON projection_build, projection_position TO duban_projector;
