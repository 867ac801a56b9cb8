-- The keys under which everything else is sealed, themselves sealed under the master key. `purpose` is `data` (sealed columns),
-- `pepper` (under password hashes) or `index` (keyed digests). The newest generation of a purpose is the one in use.
CREATE TABLE keyring (
  purpose TEXT NOT NULL,
  generation BIGINT NOT NULL,
  sealed BYTEA NOT NULL,
  created_at BIGINT NOT NULL,
  PRIMARY KEY (purpose, generation)
);
