"""Measures of a checkpoint's loss landscape as columns of the tables: gradients, curvature, the plasticity probe."""
