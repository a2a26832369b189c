"""Explanations across the sections of a configuration that are sequences of tasks: table, figure, page and finding."""
