"""An install run: one request, one skill version, one target for each provider."""
