-- Timers: when something has to be looked at again. Set in the transaction of the events that they follow from; gone once seen to.
-- Every change moves a row in the index, so that none can be done in place, and spare room in the pages (fillfactor) would be
-- wasted. What the table needs is a vacuum that comes by its dead rows and not by its size, does not dawdle, and never locks
-- the table to give pages back that are needed again at once.
CREATE TABLE due (
    name           text        NOT NULL,
    subject        uuid        NOT NULL,
    provider_id    uuid        NOT NULL,
    phase          text        NOT NULL,
    due_at         timestamptz NOT NULL,
    round          int         NOT NULL,
    set_at         timestamptz NOT NULL DEFAULT now(),
    event_id       uuid        NOT NULL,
    position       bigint      NOT NULL,
    request_id     text        NOT NULL,
    correlation_id uuid        NOT NULL,
    PRIMARY KEY (name, subject, provider_id)
) WITH (
    autovacuum_vacuum_scale_factor = 0,
    autovacuum_vacuum_threshold = 2000,
    autovacuum_vacuum_cost_delay = 0,
    vacuum_truncate = false
);
CREATE INDEX due_phase_due_at_idx ON due (phase, due_at);
-- For those who wait for a connection. An attempt under way is not among them, so that most changes of a timer pass this by.
CREATE INDEX due_waiting_idx ON due (provider_id, set_at) WHERE name = 'target' AND phase IN ('waiting', 'retry', 'ticketed');

-- Runs from before there were timers. Their targets had one attempt, which ended them: whichever has a last word about it has
-- ended. One under way is due when its lease expires; one that was not begun may or may not have a ticket, so somebody looks.
INSERT INTO due (name, subject, provider_id, phase, due_at, round, event_id, position, request_id, correlation_id)
SELECT 'target', queued.stream, (target ->> 'id')::uuid,
       CASE WHEN started.envelope IS NULL THEN 'ticketed' ELSE 'running' END,
       coalesce((started.envelope -> 'data' ->> 'leaseUntil')::timestamptz, now()), 0,
       (latest.envelope ->> 'id')::uuid, latest.position,
       latest.envelope ->> 'request_id', (latest.envelope ->> 'correlation_id')::uuid
FROM events_readable AS queued
CROSS JOIN LATERAL jsonb_array_elements(queued.envelope -> 'data' -> 'targets') AS target
CROSS JOIN LATERAL (
    SELECT topic, position, envelope FROM events_readable WHERE stream = queued.stream ORDER BY version DESC LIMIT 1
) AS latest
LEFT JOIN LATERAL (
    SELECT envelope FROM events_readable
    WHERE stream = queued.stream AND topic = 'install_run.provider_started'
      AND envelope -> 'data' ->> 'providerId' = target ->> 'id'
    ORDER BY version DESC LIMIT 1
) AS started ON true
WHERE queued.topic = 'install_run.run_queued'
  AND latest.topic NOT IN ('install_run.run_succeeded', 'install_run.run_failed', 'install_run.run_partially_failed')
  AND NOT EXISTS (
    SELECT FROM events_readable
    WHERE stream = queued.stream
      AND topic IN ('install_run.provider_succeeded', 'install_run.provider_failed', 'install_run.provider_refused')
      AND envelope -> 'data' ->> 'providerId' = target ->> 'id'
  );
