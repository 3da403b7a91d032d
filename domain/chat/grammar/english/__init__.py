"""English: verbs, slots and prepositions, from the words of a message to what was said."""
