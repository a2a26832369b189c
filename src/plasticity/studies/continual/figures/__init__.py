"""Figures of the continual study."""
