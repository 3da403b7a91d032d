-- When each API key was used last, give or take a minute. Operational: no event, and not rebuilt from events.
CREATE TABLE key_uses (
    key_id  text PRIMARY KEY,
    used_at timestamptz NOT NULL
);
