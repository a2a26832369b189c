"""Pages of finished runs under docs/reproduction: tables, figures and provenance generated, prose beside them."""
