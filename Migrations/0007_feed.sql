-- Access tokens of applications that were revoked one by one, until they have ended (Identity/Revocations/RevokedTokens.swift).
-- Users' tokens are not here: theirs end with the session.
CREATE TABLE revoked_token (
  token_id BYTEA PRIMARY KEY,
  application_id BYTEA NOT NULL,
  expires_at BIGINT NOT NULL
);
CREATE INDEX revoked_token_expiry ON revoked_token (expires_at);

-- What verifiers elsewhere have to know: tokens with `subject` in the claim (or, of a key, the header) `kind` that were issued until
-- `revoked_at` are worth nothing. After `expires_at` no such token lives.
CREATE TABLE revocation (
  sequence BIGINT PRIMARY KEY,
  kind TEXT NOT NULL,
  subject TEXT NOT NULL,
  revoked_at BIGINT NOT NULL,
  expires_at BIGINT NOT NULL
);
CREATE INDEX revocation_expiry ON revocation (expires_at);

-- The end of the feed, which every entry moves: so the order of sequences is that of commits.
CREATE TABLE revocation_head (
  id BIGINT PRIMARY KEY CHECK (id = 1),
  sequence BIGINT NOT NULL,
  revoked_at BIGINT NOT NULL
);
