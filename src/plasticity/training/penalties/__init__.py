"""Penalties: terms added to the cross-entropy, one file each."""
