-- An authenticator app's secret stands in its factor's row: a check reads one row of one table, found by account and kind.
ALTER TABLE factor ADD COLUMN totp_secret BYTEA;
ALTER TABLE factor ADD COLUMN totp_algorithm TEXT;
ALTER TABLE factor ADD COLUMN totp_digits BIGINT;
ALTER TABLE factor ADD COLUMN totp_period BIGINT;
UPDATE factor SET
  totp_secret = (SELECT totp_factor.secret FROM totp_factor WHERE totp_factor.factor_id = factor.id),
  totp_algorithm = (SELECT totp_factor.algorithm FROM totp_factor WHERE totp_factor.factor_id = factor.id),
  totp_digits = (SELECT totp_factor.digits FROM totp_factor WHERE totp_factor.factor_id = factor.id),
  totp_period = (SELECT totp_factor.period FROM totp_factor WHERE totp_factor.factor_id = factor.id)
WHERE id IN (SELECT factor_id FROM totp_factor);
DROP TABLE totp_factor;
DROP INDEX factor_account;
CREATE INDEX factor_account ON factor (account_id, kind);
