-- What a passkey or security key is known by (Identity/Factors/Passkey.swift). `counter` only grows; `transports` are words,
-- separated by spaces, for browsers.
CREATE TABLE passkey (
  factor_id BYTEA PRIMARY KEY REFERENCES factor (id) ON DELETE CASCADE,
  credential_id BYTEA NOT NULL UNIQUE,
  public_key BYTEA NOT NULL,
  counter BIGINT NOT NULL,
  model BYTEA NOT NULL,
  transports TEXT NOT NULL,
  is_discoverable BOOLEAN NOT NULL,
  is_backup_eligible BOOLEAN NOT NULL,
  is_backed_up BOOLEAN NOT NULL,
  is_user_verified BOOLEAN NOT NULL,
  attestation TEXT NOT NULL,
  is_attestation_trusted BOOLEAN NOT NULL,
  is_hardware BOOLEAN NOT NULL
);

-- Challenges of sign-ins without a password that were answered. They are made without a row (Identity/SignIn/PasskeyChallenges.swift).
CREATE TABLE passkey_use (
  challenge_id BYTEA PRIMARY KEY,
  expires_at BIGINT NOT NULL
);
CREATE INDEX passkey_use_expiry ON passkey_use (expires_at);
