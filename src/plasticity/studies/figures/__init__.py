"""Figures of every study whose checkpoints store what they are drawn from, a file each."""
