"""What a reader sees: tables, figures, findings, published numbers beside the run, kept runs."""
