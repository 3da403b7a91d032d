"""Postgres and NATS from wheels: real servers for one machine, private to the user who starts them, never outliving them."""
