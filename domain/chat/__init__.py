"""Chat: what a person said, what was understood of it, and what became of it."""
