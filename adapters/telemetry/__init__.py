"""What can be measured and traced from outside: Prometheus metrics and OpenTelemetry spans. Both hold kinds, never names or content."""
