"""NATS JetStream: events and work tickets on their way out. It carries copies; whatever is lost here is published again."""
