"""The grammar: what a sentence says, by rules alone, in Korean and English. It knows no name that exists and guesses none."""
