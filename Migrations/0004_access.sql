-- A role inherits another: it holds, with its own, every permission of that one and of whatever that one inherits.
CREATE TABLE role_inheritance (
  role_id BYTEA NOT NULL REFERENCES role (id) ON DELETE CASCADE,
  inherits_id BYTEA NOT NULL REFERENCES role (id) ON DELETE CASCADE,
  PRIMARY KEY (role_id, inherits_id),
  CHECK (role_id <> inherits_id)
);
CREATE INDEX role_inheritance_inherits ON role_inheritance (inherits_id);

-- Grows with every change of the role; the ETag.
ALTER TABLE role ADD COLUMN version BIGINT NOT NULL DEFAULT 1;

-- An assignment may end, and may count only in sessions of one application or for one audience. It goes with its application:
-- without it, it must not count everywhere.
ALTER TABLE account_role ADD COLUMN expires_at BIGINT;
ALTER TABLE account_role ADD COLUMN application_id BYTEA REFERENCES application (id) ON DELETE CASCADE;
ALTER TABLE account_role ADD COLUMN audience TEXT;
CREATE INDEX account_role_application ON account_role (application_id) WHERE application_id IS NOT NULL;
ALTER TABLE application_role ADD COLUMN expires_at BIGINT;
ALTER TABLE application_role ADD COLUMN audience TEXT;

-- Separation of duty (INCITS 359): of one set's roles nobody may be authorised for more than one (static), or have more than one
-- active in one session (dynamic).
CREATE TABLE separation (
  id BYTEA PRIMARY KEY,
  name TEXT NOT NULL UNIQUE,
  kind TEXT NOT NULL CHECK (kind IN ('static', 'dynamic')),
  created_at BIGINT NOT NULL
);

CREATE TABLE separation_role (
  separation_id BYTEA NOT NULL REFERENCES separation (id) ON DELETE CASCADE,
  role_id BYTEA NOT NULL REFERENCES role (id) ON DELETE CASCADE,
  PRIMARY KEY (separation_id, role_id)
);
CREATE INDEX separation_role_role ON separation_role (role_id);

-- Which roles of a set each role brings with it: itself where it is one, and those that it inherits.
CREATE VIEW separation_reach (separation_id, role_id, member_id) AS
WITH RECURSIVE reach (separation_id, role_id, member_id) AS (
  SELECT separation_id, role_id, role_id FROM separation_role
  UNION
  SELECT reach.separation_id, role_inheritance.role_id, reach.member_id
  FROM reach JOIN role_inheritance ON role_inheritance.inherits_id = reach.role_id
)
SELECT separation_id, role_id, member_id FROM reach;

-- Who may always administer the server: enabled users who hold the built-in role, directly or by inheritance, everywhere and
-- without an end.
CREATE VIEW administrator (account_id) AS
WITH RECURSIVE senior (id) AS (
  SELECT id FROM role WHERE is_builtin AND name = 'admin'
  UNION
  SELECT role_inheritance.role_id FROM senior JOIN role_inheritance ON role_inheritance.inherits_id = senior.id
)
SELECT account_role.account_id
FROM senior JOIN account_role ON account_role.role_id = senior.id JOIN account ON account.id = account_role.account_id
WHERE account.is_enabled AND account_role.expires_at IS NULL AND account_role.application_id IS NULL
  AND account_role.audience IS NULL;
