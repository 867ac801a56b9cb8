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

-- Passwords that an account had. `position` is the account's version at its replacement: the newest has the highest.
CREATE TABLE password_history (
  account_id BYTEA NOT NULL REFERENCES account (id) ON DELETE CASCADE,
  position BIGINT NOT NULL,
  hash TEXT NOT NULL,
  pepper BIGINT NOT NULL,
  work BIGINT NOT NULL,
  changed_at BIGINT NOT NULL,
  PRIMARY KEY (account_id, position)
);

-- When a device last came with both factors.
ALTER TABLE device ADD COLUMN proven_at BIGINT;

-- Which token of the device began a challenge.
ALTER TABLE challenge ADD COLUMN device_digest BYTEA;

-- Recoveries that were begun, for half an hour; `account_id` is empty where nobody could be written to.
CREATE TABLE recovery (
  id BYTEA PRIMARY KEY,
  username_digest BYTEA NOT NULL,
  account_id BYTEA REFERENCES account (id) ON DELETE CASCADE,
  digest BYTEA NOT NULL,
  address TEXT NOT NULL,
  password_changed_at BIGINT NOT NULL,
  attempts BIGINT NOT NULL,
  started_at BIGINT NOT NULL,
  expires_at BIGINT NOT NULL
);
CREATE INDEX recovery_name ON recovery (username_digest, started_at);
CREATE INDEX recovery_account ON recovery (account_id);
CREATE INDEX recovery_expiry ON recovery (expires_at);

-- Addresses that somebody wants to register, until one of the codes that were mailed there comes back. Those of accounts have rows
-- too, with `is_known`, which are good for nothing.
CREATE TABLE registration (
  id BYTEA PRIMARY KEY,
  username TEXT NOT NULL,
  email TEXT NOT NULL,
  is_known BOOLEAN NOT NULL,
  digest BYTEA NOT NULL,
  started_at BIGINT NOT NULL,
  expires_at BIGINT NOT NULL
);
CREATE INDEX registration_username ON registration (username, started_at);
CREATE INDEX registration_expiry ON registration (expires_at);
CREATE INDEX account_email ON account (email) WHERE email IS NOT NULL;

-- A new address of an account, until it is shown that messages arrive there; one of a kind at a time.
CREATE TABLE address_change (
  id BYTEA PRIMARY KEY,
  account_id BYTEA NOT NULL REFERENCES account (id) ON DELETE CASCADE,
  kind TEXT NOT NULL,
  address TEXT NOT NULL,
  digest BYTEA NOT NULL,
  attempts BIGINT NOT NULL,
  started_at BIGINT NOT NULL,
  expires_at BIGINT NOT NULL,
  UNIQUE (account_id, kind)
);
CREATE INDEX address_change_expiry ON address_change (expires_at);

-- What a step-up is for; empty for any one change.
ALTER TABLE step_up ADD COLUMN purpose TEXT NOT NULL DEFAULT '';
