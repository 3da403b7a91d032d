"""A skill: a name with immutable versions, each known by the digest of its bytes."""
