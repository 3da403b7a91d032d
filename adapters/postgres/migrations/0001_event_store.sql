-- The event store: append-only, numbered densely in commit order.
CREATE TABLE events (
    originator_id      uuid   NOT NULL,
    originator_version bigint NOT NULL,
    topic              text   NOT NULL,
    state              bytea  NOT NULL,
    notification_id    bigint NOT NULL,
    PRIMARY KEY (originator_id, originator_version)
) WITH (
    autovacuum_vacuum_insert_scale_factor = 0.2,
    autovacuum_analyze_scale_factor = 0.02
);
CREATE UNIQUE INDEX events_notification_id_idx ON events (notification_id);

-- One row. Whoever appends locks it first, so that positions are handed out in commit order and leave no gap.
-- The epoch tells a restored database from one that has grown.
CREATE TABLE head (
    only_row boolean PRIMARY KEY DEFAULT true CHECK (only_row),
    position bigint NOT NULL DEFAULT 0,
    epoch    uuid   NOT NULL DEFAULT gen_random_uuid()
) WITH (fillfactor = 10);
INSERT INTO head DEFAULT VALUES;

CREATE FUNCTION refuse_change() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION '% on events is refused: events are only ever appended', TG_OP USING ERRCODE = 'insufficient_privilege';
END
$$;
CREATE TRIGGER events_never_change BEFORE UPDATE OR DELETE ON events FOR EACH ROW EXECUTE FUNCTION refuse_change();
CREATE TRIGGER events_never_emptied BEFORE TRUNCATE ON events FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();

-- For a person with psql; nothing in the program reads it.
CREATE VIEW events_readable AS
SELECT notification_id AS position, originator_id AS stream, originator_version AS version, topic,
       convert_from(state, 'UTF8')::jsonb AS envelope
FROM events;
