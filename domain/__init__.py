"""The facts and the rules: pure, frozen, standard library and msgspec only; no clock, no randomness, no I/O."""
