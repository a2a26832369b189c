"""Figures of the study of agents, a file each."""
