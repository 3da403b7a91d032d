"""What chat says back, in the language in which it was spoken to."""
