"""Figures of the warm-start study."""
