-- What somebody waits for goes before what can wait: 0 codes of people who are known, 1 other codes, 2 notices, 3 registrations.
ALTER TABLE outbox ADD COLUMN urgency BIGINT NOT NULL DEFAULT 1;
DROP INDEX outbox_due;
CREATE INDEX outbox_due ON outbox (channel, urgency, next_at) WHERE state = 'waiting';
