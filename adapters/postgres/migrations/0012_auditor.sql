-- An auditor who asks the database itself can read what audits need, and change nothing: no data of accounts' secrets, no drafts.

GRANT SELECT ON
installation, migration, ledger_head, ledger, checkpoint, current_checkpoint, anchor, account_log, access_log,
projection_build, projection_position TO duban_auditor;
