-- The registry's cases are few among many: a process finds what was entered since it last looked.
-- Whoever migrates waits for writers anyway, and so small an index is built while they do.

-- squawk-ignore require-concurrent-index-creation
CREATE INDEX ledger_registry ON ledger (ledger_id, position) WHERE starts_with(case_id, 'registry:');
