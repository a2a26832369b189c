"""Data sets: readers by name, the prepared form on disk."""
