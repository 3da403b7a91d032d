-- Tables of a read model beside the one that is served: `<name>_<generation>_next` is being built from the first event, and
-- `<name>_<generation>_former` was served before, and is kept for a way back. `event` is the id of the event at `position`, the
-- last one in the rows.
CREATE TABLE rebuilds (
    name       text,
    generation int,
    kind       text        CHECK (kind IN ('next', 'former')),
    position   bigint      NOT NULL DEFAULT 0,
    event      uuid,
    since      timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (name, generation, kind)
) WITH (fillfactor = 10);
