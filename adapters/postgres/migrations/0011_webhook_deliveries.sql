-- What became of each attempt to deliver an alert to a webhook. Operational: no event, not rebuilt from events, and forgotten in time.
CREATE TABLE webhook_deliveries (
    id               uuid PRIMARY KEY,
    webhook          text             NOT NULL,
    alert_id         uuid             NOT NULL,
    message_id       text             NOT NULL,
    event            text             NOT NULL,
    rule             text             NOT NULL,
    severity         text             NOT NULL,
    attempt          int              NOT NULL,
    at               timestamptz      NOT NULL,
    status           text             NOT NULL,
    http_status      int,
    error            text,
    duration_seconds double precision NOT NULL,
    next_attempt_at  timestamptz
);

CREATE INDEX webhook_deliveries_alert_id_idx ON webhook_deliveries (alert_id);
