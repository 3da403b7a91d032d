-- What people said in chat, apart from the events so that it can be erased, and the salts of the hashes that are in the events.
CREATE TABLE chat_texts (
    action_id uuid PRIMARY KEY,
    salt      bytea NOT NULL,
    text      text  NOT NULL
);

-- By which the answer to a message is found when its words are to be erased.
CREATE INDEX idempotency_keys_made_id_idx ON idempotency_keys (made_id);
