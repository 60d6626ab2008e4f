"""The audit log: what the ledger holds as an RFC 9162 log that an outsider can check (docs/audit-format.md)."""
