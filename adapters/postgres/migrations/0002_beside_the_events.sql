-- Who holds which single role, until when, and how far the role has come. The epoch fences a holder that was frozen.
CREATE TABLE roles (
    role       text PRIMARY KEY,
    holder     text        NOT NULL,
    epoch      bigint      NOT NULL,
    expires_at timestamptz NOT NULL,
    position   bigint      NOT NULL DEFAULT 0
) WITH (fillfactor = 10);

-- Content-addressed bytes of bundles; the manifests are in the events.
CREATE TABLE bundle_files (
    sha256     text PRIMARY KEY CHECK (sha256 ~ '^[0-9a-f]{64}$'),
    content    bytea       NOT NULL,
    written_at timestamptz NOT NULL DEFAULT now()
);

-- Ciphertexts only; the key is outside the database.
CREATE TABLE credentials (
    id         uuid PRIMARY KEY,
    ciphertext bytea       NOT NULL,
    written_at timestamptz NOT NULL DEFAULT now()
);
