"""Collapse, rank and capacity metrics."""
