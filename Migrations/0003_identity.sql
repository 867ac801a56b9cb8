CREATE TABLE account (
  id BYTEA PRIMARY KEY,
  username TEXT NOT NULL UNIQUE,
  email TEXT,
  phone TEXT,
  is_enabled BOOLEAN NOT NULL,
  password_hash TEXT,
  password_pepper BIGINT NOT NULL,
  password_work BIGINT NOT NULL,
  password_changed_at BIGINT NOT NULL,
  created_at BIGINT NOT NULL,
  version BIGINT NOT NULL
);
-- The costliest hash in the store, which an unknown username must cost too.
CREATE INDEX account_password_work ON account (password_work);

-- Failures in a row, by keyed digest of the username, so that a name without an account counts and locks alike. `source` is a
-- known device's id, or empty for everything that the account does not know.
CREATE TABLE password_failure (
  username_digest BYTEA NOT NULL,
  source BYTEA NOT NULL,
  failures BIGINT NOT NULL,
  failed_at BIGINT NOT NULL,
  PRIMARY KEY (username_digest, source)
);
CREATE INDEX password_failure_age ON password_failure (failed_at);

CREATE TABLE factor (
  id BYTEA PRIMARY KEY,
  account_id BYTEA NOT NULL REFERENCES account (id) ON DELETE CASCADE,
  kind TEXT NOT NULL,
  failures BIGINT NOT NULL,
  created_at BIGINT NOT NULL,
  confirmed_at BIGINT,
  last_used_at BIGINT
);
CREATE INDEX factor_account ON factor (account_id);

CREATE TABLE totp_factor (
  factor_id BYTEA PRIMARY KEY REFERENCES factor (id) ON DELETE CASCADE,
  secret BYTEA NOT NULL,
  algorithm TEXT NOT NULL,
  digits BIGINT NOT NULL,
  period BIGINT NOT NULL,
  last_step BIGINT NOT NULL
);

CREATE TABLE recovery_code (
  factor_id BYTEA NOT NULL REFERENCES factor (id) ON DELETE CASCADE,
  digest BYTEA NOT NULL,
  used_at BIGINT,
  PRIMARY KEY (factor_id, digest)
);

CREATE TABLE role (
  id BYTEA PRIMARY KEY,
  name TEXT NOT NULL UNIQUE,
  description TEXT NOT NULL,
  is_builtin BOOLEAN NOT NULL,
  created_at BIGINT NOT NULL
);

CREATE TABLE role_permission (
  role_id BYTEA NOT NULL REFERENCES role (id) ON DELETE CASCADE,
  permission TEXT NOT NULL,
  PRIMARY KEY (role_id, permission)
);

CREATE TABLE account_role (
  account_id BYTEA NOT NULL REFERENCES account (id) ON DELETE CASCADE,
  role_id BYTEA NOT NULL REFERENCES role (id) ON DELETE CASCADE,
  granted_at BIGINT NOT NULL,
  PRIMARY KEY (account_id, role_id)
);
CREATE INDEX account_role_role ON account_role (role_id);

CREATE TABLE application (
  id BYTEA PRIMARY KEY,
  name TEXT NOT NULL UNIQUE,
  secret_digest BYTEA NOT NULL,
  is_enabled BOOLEAN NOT NULL,
  algorithm TEXT NOT NULL,
  token_type TEXT NOT NULL,
  created_at BIGINT NOT NULL,
  version BIGINT NOT NULL
);

CREATE TABLE application_audience (
  application_id BYTEA NOT NULL REFERENCES application (id) ON DELETE CASCADE,
  audience TEXT NOT NULL,
  PRIMARY KEY (application_id, audience)
);

CREATE TABLE application_role (
  application_id BYTEA NOT NULL REFERENCES application (id) ON DELETE CASCADE,
  role_id BYTEA NOT NULL REFERENCES role (id) ON DELETE CASCADE,
  granted_at BIGINT NOT NULL,
  PRIMARY KEY (application_id, role_id)
);
CREATE INDEX application_role_role ON application_role (role_id);

CREATE TABLE api_key (
  id BYTEA PRIMARY KEY,
  application_id BYTEA NOT NULL REFERENCES application (id) ON DELETE CASCADE,
  digest BYTEA NOT NULL,
  created_at BIGINT NOT NULL,
  expires_at BIGINT,
  revoked_at BIGINT
);
CREATE INDEX api_key_application ON api_key (application_id);

CREATE TABLE device (
  id BYTEA PRIMARY KEY,
  account_id BYTEA NOT NULL REFERENCES account (id) ON DELETE CASCADE,
  digest BYTEA NOT NULL,
  name TEXT NOT NULL,
  created_at BIGINT NOT NULL,
  last_used_at BIGINT NOT NULL,
  expires_at BIGINT NOT NULL
);
CREATE INDEX device_account ON device (account_id);

-- One row a session for its whole life; its time-ordered id stands in the refresh token, its secret only as a digest.
CREATE TABLE session (
  id BYTEA PRIMARY KEY,
  account_id BYTEA NOT NULL REFERENCES account (id) ON DELETE CASCADE,
  application_id BYTEA REFERENCES application (id) ON DELETE CASCADE,
  device_id BYTEA,
  audience TEXT NOT NULL,
  requested_roles TEXT,
  amr TEXT NOT NULL,
  acr TEXT NOT NULL,
  authenticated_at BIGINT NOT NULL,
  refresh_digest BYTEA NOT NULL,
  refresh_expires_at BIGINT NOT NULL,
  created_at BIGINT NOT NULL,
  last_used_at BIGINT NOT NULL,
  expires_at BIGINT NOT NULL,
  ended_at BIGINT,
  address TEXT NOT NULL,
  user_agent TEXT NOT NULL
);
CREATE INDEX session_account ON session (account_id);
CREATE INDEX session_application ON session (application_id);
CREATE INDEX session_expiry ON session (expires_at);

-- A right password that waits for its second factor. Bound to account and application; consumed by `used_at`.
CREATE TABLE challenge (
  id BYTEA PRIMARY KEY,
  digest BYTEA NOT NULL,
  account_id BYTEA NOT NULL REFERENCES account (id) ON DELETE CASCADE,
  application_id BYTEA REFERENCES application (id) ON DELETE CASCADE,
  password_changed_at BIGINT NOT NULL,
  device_id BYTEA,
  device_name TEXT NOT NULL,
  audience TEXT NOT NULL,
  requested_roles TEXT,
  attempts BIGINT NOT NULL,
  expires_at BIGINT NOT NULL,
  used_at BIGINT
);
CREATE INDEX challenge_account ON challenge (account_id);
CREATE INDEX challenge_application ON challenge (application_id);
CREATE INDEX challenge_expiry ON challenge (expires_at);

CREATE TABLE signing_key (
  kid TEXT PRIMARY KEY,
  algorithm TEXT NOT NULL,
  state TEXT NOT NULL,
  private_key BYTEA NOT NULL,
  created_at BIGINT NOT NULL,
  activated_at BIGINT,
  retired_at BIGINT
);
CREATE UNIQUE INDEX signing_key_active ON signing_key (algorithm) WHERE state = 'active';
