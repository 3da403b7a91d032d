"""PostgreSQL: the event store, which is the truth, and everything else that is kept beside it."""
