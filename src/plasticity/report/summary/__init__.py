"""The one-page summary of a study: what was asked, what was run, and what the tables say, finding by finding."""
