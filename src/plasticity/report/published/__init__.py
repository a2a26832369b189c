"""What papers publish about the studies, and how a run is set beside it; a YAML file per study holds the claims."""
