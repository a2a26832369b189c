"""Figures of the study of locomotion, a file each."""
