-- What was answered to a request with an Idempotency-Key, so that it is answered the same when it comes again. `made_id` is the
-- id of what the request makes; it outlives the claims of those who carried it out and were not heard of again.
CREATE TABLE idempotency_keys (
    id            uuid PRIMARY KEY,
    fingerprint   bytea       NOT NULL,
    made_id       uuid        NOT NULL,
    claim_id      uuid        NOT NULL,
    claimed_until timestamptz NOT NULL,
    kept_until    timestamptz NOT NULL,
    status        int,
    headers       jsonb,
    body          bytea
);
CREATE INDEX idempotency_keys_kept_until_idx ON idempotency_keys (kept_until);
