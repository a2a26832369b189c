"""Pages of the report about the tables of the study."""
