-- The last step of an authenticator app stands where failures and last use stand: a right code changes one row, not two.
ALTER TABLE factor ADD COLUMN last_step BIGINT NOT NULL DEFAULT -1;
UPDATE factor SET last_step = (SELECT totp_factor.last_step FROM totp_factor WHERE totp_factor.factor_id = factor.id)
WHERE id IN (SELECT factor_id FROM totp_factor);
ALTER TABLE totp_factor DROP COLUMN last_step;
