"""Sequences of tasks: one network goes from task to task."""
