"""The write side: one file per command, which loads streams, lets the domain decide and appends; it never reads a read model."""
