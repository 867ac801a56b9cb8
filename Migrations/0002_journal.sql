-- The record of what happened: entries chained by SHA-256 (Journal/AuditLog.swift). `audit_head` is the end of the chain; the
-- one row that every append changes, so that two appends can never take the same place. The first append makes it.
CREATE TABLE audit_head (
  id BIGINT PRIMARY KEY CHECK (id = 1),
  sequence BIGINT NOT NULL,
  digest BYTEA NOT NULL
);

CREATE TABLE audit_entry (
  sequence BIGINT PRIMARY KEY,
  happened_at BIGINT NOT NULL,
  action TEXT NOT NULL,
  actor TEXT NOT NULL,
  subject TEXT NOT NULL,
  request_id TEXT NOT NULL,
  address TEXT NOT NULL,
  detail TEXT NOT NULL,
  digest BYTEA NOT NULL
);
