"""The stages of every study, one module each."""
