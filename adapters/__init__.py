"""The rim: one folder per outside technology, and each third-party library enters through one of them."""
