"""The ports in memory: honest implementations that forget everything with the process, for tests and experiments."""
