"""What a job of the workflow needs around its work: log, progress, device, a clean stop, a fingerprint."""
