"""An installation: what is live for one skill at one provider, and which run holds the pair."""
