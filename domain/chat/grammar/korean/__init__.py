"""Korean: stems, endings and particles, from the words of a message to what was said."""
