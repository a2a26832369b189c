"""What is kept on disk: tables, checkpoints, records, with checksums and provenance."""
