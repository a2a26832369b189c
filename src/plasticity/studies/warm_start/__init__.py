"""Warm starting: half of the training set first, then all of it."""
