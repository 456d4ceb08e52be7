"""The interface for programs, one resource a file."""
