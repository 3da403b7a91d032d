-- The tables of the read models get a schema of their own. The program makes and drops them, and where it is not the owner of the
-- others it may do that nowhere else.
CREATE SCHEMA projected;

-- Parts of the former program, which are still running or come back, find them under their former names. A view goes with its table.
DO $$
DECLARE
    former text;
BEGIN
    FOR former IN SELECT name || '_' || generation FROM read_models ORDER BY name, generation LOOP
        CONTINUE WHEN to_regclass(quote_ident(former)) IS NULL;
        EXECUTE format('ALTER TABLE %I SET SCHEMA projected', former);
        EXECUTE format('CREATE VIEW %I AS SELECT * FROM projected.%I', former, former);
    END LOOP;
END
$$;

-- Also in a session that says it only copies what was checked elsewhere (session_replication_role).
ALTER TABLE events ENABLE ALWAYS TRIGGER events_never_change;
ALTER TABLE events ENABLE ALWAYS TRIGGER events_never_emptied;
