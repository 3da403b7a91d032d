-- The tree over the events, 256 hashes to a tile, and the newest checkpoint that the notary has signed over it. All of it can be
-- made again from the events, and what was signed is kept outside of this database as well.
CREATE TABLE evidence_tiles (
    level  smallint NOT NULL,
    index  bigint   NOT NULL,
    hashes bytea    NOT NULL,
    PRIMARY KEY (level, index)
);
-- Hashes do not get smaller.
ALTER TABLE evidence_tiles ALTER COLUMN hashes SET STORAGE EXTERNAL;

CREATE TABLE checkpoint (
    only_row   boolean PRIMARY KEY DEFAULT true CHECK (only_row),
    size       bigint NOT NULL,
    note       text   NOT NULL,
    public_key text   NOT NULL
);
