"""Cases as files: the zip in which one travels, and the page on which a person reads it."""
