-- How far each read model has come. Its rows are in the table `<name>_<generation>`, made when it is first opened;
-- `event` is the id of the event at `position`, by which a read model that knows another history is recognised.
CREATE TABLE read_models (
    name         text,
    generation   int,
    position     bigint NOT NULL DEFAULT 0,
    event        uuid,
    parked_event uuid,
    parked_error text,
    PRIMARY KEY (name, generation),
    CHECK ((parked_event IS NULL) = (parked_error IS NULL))
) WITH (fillfactor = 10);
