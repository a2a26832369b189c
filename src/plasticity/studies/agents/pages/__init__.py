"""Pages about the tables of the study of agents, a file each."""
