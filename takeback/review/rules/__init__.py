"""One rule a file, each a pure function."""
