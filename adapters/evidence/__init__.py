"""Evidence outside the database: signatures, and the folder with what was signed and the hashes it was signed over."""
