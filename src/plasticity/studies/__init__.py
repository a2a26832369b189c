"""The studies, one package each."""
