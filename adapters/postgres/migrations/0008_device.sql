-- Devices: in which browsers somebody of a handling unit was signed in, so that no deputy's evaluation is sent from one.
-- A browser is known by a random cookie, of which only the SHA-256 is kept.

ALTER TABLE session ADD COLUMN device_sha256 bytea;

COMMENT ON COLUMN session.device_sha256 IS 'NULL where nothing is known of the browser.';

CREATE TABLE unit_device (
    device_sha256 bytea NOT NULL CHECK (octet_length(device_sha256) = 32),
    jurisdiction text NOT NULL,
    unit text NOT NULL,
    last_seen_at timestamptz NOT NULL DEFAULT clock_timestamp(),
    PRIMARY KEY (device_sha256, jurisdiction, unit)
);

COMMENT ON TABLE unit_device IS 'Kept longer than the sessions, and without who it was.';

CREATE INDEX unit_device_by_age ON unit_device (last_seen_at);

GRANT SELECT, INSERT, DELETE ON unit_device TO duban_app;
GRANT UPDATE (last_seen_at) ON unit_device TO duban_app;
