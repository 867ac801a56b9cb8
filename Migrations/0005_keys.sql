-- The stages of a signing key's life (Identity/Keys/SigningKeyLife.swift). `activates_at` is when a published key begins to sign,
-- `gone_at` when a retiring one goes, or a gone one went; of a key that is gone only the `kid` is kept, its private half is empty.
-- `longest_lifetime` (microseconds) is how long what it signs can live; keys of earlier versions count as the longest allowed.
ALTER TABLE signing_key ADD COLUMN activates_at BIGINT;
ALTER TABLE signing_key ADD COLUMN gone_at BIGINT;
ALTER TABLE signing_key ADD COLUMN longest_lifetime BIGINT NOT NULL DEFAULT 86400000000;
CREATE UNIQUE INDEX signing_key_published ON signing_key (algorithm) WHERE state = 'published';
