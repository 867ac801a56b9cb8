-- Factors are set up by whoever may: `enrolled_by` is the session, or the enrolment, that began it, and the only one that can
-- confirm it. A factor whose `confirmed_at` is empty is none yet (Identity/Enrollment/EnrollmentState.swift).
ALTER TABLE factor ADD COLUMN name TEXT NOT NULL DEFAULT '';
ALTER TABLE factor ADD COLUMN enrolled_by BYTEA;
-- Small: what was begun in the last minutes.
CREATE INDEX factor_unconfirmed ON factor (created_at) WHERE confirmed_at IS NULL;

-- An account's one invitation, until its first factor is confirmed, another takes its place, or its time is over.
CREATE TABLE invitation (
  id BYTEA PRIMARY KEY,
  account_id BYTEA NOT NULL UNIQUE REFERENCES account (id) ON DELETE CASCADE,
  digest BYTEA NOT NULL,
  created_at BIGINT NOT NULL,
  expires_at BIGINT NOT NULL
);
CREATE INDEX invitation_expiry ON invitation (expires_at);

-- What an accepted invitation gives: the right to set up a first factor, for a few minutes, in one application. One at a time.
CREATE TABLE enrollment (
  id BYTEA PRIMARY KEY,
  invitation_id BYTEA NOT NULL UNIQUE REFERENCES invitation (id) ON DELETE CASCADE,
  application_id BYTEA REFERENCES application (id) ON DELETE CASCADE,
  digest BYTEA NOT NULL,
  password_changed_at BIGINT NOT NULL,
  expires_at BIGINT NOT NULL
);
CREATE INDEX enrollment_application ON enrollment (application_id);

-- What a step-up is for; empty for any one change.
ALTER TABLE step_up ADD COLUMN purpose TEXT NOT NULL DEFAULT '';
