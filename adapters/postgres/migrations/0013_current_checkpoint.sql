-- The checkpoints of each ledger's present log; which one that is, is looked up once for a ledger and not for every checkpoint.

CREATE OR REPLACE VIEW current_checkpoint AS
SELECT c.*
FROM ledger_head AS h
CROSS JOIN LATERAL (
    SELECT l.origin FROM checkpoint AS l
    WHERE l.ledger_id = h.ledger_id
    ORDER BY l.signed_at DESC LIMIT 1
) AS present
INNER JOIN checkpoint AS c ON h.ledger_id = c.ledger_id AND present.origin = c.origin;
