"""HTTP: what the application offers to people and programs; routes parse, call one command or query, and respond."""
