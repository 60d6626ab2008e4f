-- Whom the cases are for today, by the keys of its readers: where somebody looks for his own, he finds them by
-- the index. Row-level security would let no condition on keys reach it, so that this view reads with the rights of its
-- owner, and asks itself whose cases may be told.
DROP VIEW IF EXISTS {read}.case_audience;
CREATE VIEW {read}.case_audience AS
SELECT *, string_to_array(
    jurisdiction || '/' || kind || '/' || replace(audience, ' ', ' ' || jurisdiction || '/' || kind || '/'), ' '
) AS keys
FROM {table}
WHERE known_to = 9223372036854775807 AND valid_to > '9999-12-31 00:00:00+00'
AND (SELECT current_setting('duban.jurisdiction', true)) IN (jurisdiction, '*');
GRANT SELECT ON {read}.case_audience TO duban_app;
