"""Readers of data sets, found by name."""
