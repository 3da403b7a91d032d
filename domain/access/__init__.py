"""Access: who may come in, and who was turned away."""
