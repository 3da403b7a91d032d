"""Evidence: by what a person without the database can tell that the events are still those that were stored."""
