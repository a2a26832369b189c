"""Kinds of verdicts and intervals, each module a few of them: simulate studies, ask the workflow's code, count."""

CONFIDENCE = 0.95
"""Level of the intervals."""
