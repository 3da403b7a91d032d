"""The store itself, as far as it can happen to it that it forgets: restored from a backup that is older than the world."""
