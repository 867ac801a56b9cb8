-- Messages on their way to people, written in the transaction of what they tell of. `payload` holds the values of the template,
-- codes among them, and is sealed; a row is deleted as soon as its message is taken over, or is worth nothing any more. Whoever
-- sends claims a row by moving `next_at` to the end of his lease and putting his own `lease` there; `state` is 'waiting' or 'dead'.
CREATE TABLE outbox (
  id BYTEA PRIMARY KEY,
  channel TEXT NOT NULL,
  recipient TEXT NOT NULL,
  template TEXT NOT NULL,
  language TEXT NOT NULL,
  payload BYTEA NOT NULL,
  state TEXT NOT NULL,
  attempts BIGINT NOT NULL,
  lease BYTEA,
  created_at BIGINT NOT NULL,
  next_at BIGINT NOT NULL,
  expires_at BIGINT NOT NULL,
  fault TEXT NOT NULL
);
CREATE INDEX outbox_due ON outbox (channel, next_at) WHERE state = 'waiting';
CREATE INDEX outbox_dead ON outbox (id) WHERE state = 'dead';

-- What an email or SMS factor has beyond its row in `factor`: where its codes go, and the one live code, as a keyed digest bound to
-- the challenge that asked for it. Consumed by setting `code_digest` to NULL.
CREATE TABLE code_factor (
  factor_id BYTEA PRIMARY KEY REFERENCES factor (id) ON DELETE CASCADE,
  address TEXT NOT NULL,
  code_digest BYTEA,
  bound_to BYTEA,
  attempts BIGINT NOT NULL,
  code_expires_at BIGINT
);

-- What a day has cost so far, such as 'sms'; `day` counts from the Unix epoch.
CREATE TABLE delivery_budget (
  name TEXT NOT NULL,
  day BIGINT NOT NULL,
  spent BIGINT NOT NULL,
  PRIMARY KEY (name, day)
);

-- The language that an account is written to in; NULL for the installation's.
ALTER TABLE account ADD COLUMN language TEXT;
