-- Refresh rotation, on the session's one row (Identity/Sessions/RefreshState.swift). `generation` counts the refresh tokens that
-- the session has had; `previous_digest` is the last one's, `successor` the current one sealed under it, as long as it may be asked
-- for again, `rotated_at` when that began.
ALTER TABLE session ADD COLUMN generation BIGINT NOT NULL DEFAULT 0;
ALTER TABLE session ADD COLUMN previous_digest BYTEA;
ALTER TABLE session ADD COLUMN successor BYTEA;
ALTER TABLE session ADD COLUMN rotated_at BIGINT;
-- Small: what was refreshed in the last seconds, and what ended in the last days.
CREATE INDEX session_successor ON session (rotated_at) WHERE successor IS NOT NULL;
CREATE INDEX session_ended ON session (ended_at) WHERE ended_at IS NOT NULL;

-- A step-up, from its challenge to its spent proof (Identity/StepUp/StepUpState.swift). `expires_at` is the challenge's, then the
-- proof's.
CREATE TABLE step_up (
  id BYTEA PRIMARY KEY,
  session_id BYTEA NOT NULL REFERENCES session (id) ON DELETE CASCADE,
  challenge_digest BYTEA NOT NULL,
  attempts BIGINT NOT NULL,
  proof_digest BYTEA,
  expires_at BIGINT NOT NULL,
  spent_at BIGINT
);
CREATE INDEX step_up_session ON step_up (session_id);
CREATE INDEX step_up_expiry ON step_up (expires_at);

-- A user's own API keys. `roles` are names, separated by spaces: the most that the key may ever do.
CREATE TABLE user_key (
  id BYTEA PRIMARY KEY,
  account_id BYTEA NOT NULL REFERENCES account (id) ON DELETE CASCADE,
  name TEXT NOT NULL,
  digest BYTEA NOT NULL,
  roles TEXT NOT NULL,
  created_at BIGINT NOT NULL,
  expires_at BIGINT NOT NULL,
  revoked_at BIGINT
);
CREATE INDEX user_key_account ON user_key (account_id);
CREATE INDEX user_key_expiry ON user_key (expires_at);
