-- Where this very store stands: which cluster, database and table. A copy that was restored from a dump stands elsewhere than it
-- remembers, and by that it is known; who finds it so stores nothing before it is said what may be forgotten.
ALTER TABLE head ADD COLUMN place text;

CREATE FUNCTION store_place() RETURNS text LANGUAGE plpgsql STABLE AS $$
DECLARE
    cluster text := '';
BEGIN
    BEGIN
        SELECT system_identifier::text INTO cluster FROM pg_control_system();
    EXCEPTION WHEN insufficient_privilege OR feature_not_supported OR undefined_function THEN
        -- A server that keeps this to itself: the database and the table have to do.
    END;
    RETURN cluster || '/' || (SELECT oid FROM pg_database WHERE datname = current_database()) || '/' || 'events'::regclass::oid;
END
$$;
