"""The processes: what runs, in what order it starts and stops, and the one place where ports meet adapters."""
