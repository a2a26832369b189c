"""Interventions: what is done to a network between two tasks, one file each."""
