"""Pages about the tables of the study of locomotion, a file each."""
