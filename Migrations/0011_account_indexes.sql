-- A sign-in asks for an account's oldest live session and its oldest device. Whoever signs in often has many that ended: those are
-- not walked through for it.
DROP INDEX session_account;
CREATE INDEX session_account ON session (account_id, ended_at, created_at, id);
DROP INDEX device_account;
CREATE INDEX device_account ON device (account_id, last_used_at, id);
