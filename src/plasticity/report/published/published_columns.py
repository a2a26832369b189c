"""The table of published numbers and shapes beside those of a run."""

from plasticity.storage.schemas import Table, columns

PUBLISHED = Table(
    "published",
    columns(
        ("study", "str", "name", "study that the published number or shape is about"),
        ("claim", "str", "name", "its key in src/plasticity/published/<study>.yaml"),
        ("quantity", "str", "text", "what it is, in words"),
        ("source", "str", "text", "the paper"),
        ("basis", "str", "name", "where it stands: text, table, figure, or released data"),
        ("kind", "str", "name", "number or shape"),
        ("unit", "str", "name", "unit of the numbers of the row: fraction, or 1 for a pure number"),
        ("published", "float", "see unit", "the published number; missing for a range and for a shape"),
        ("published_sd", "float", "see unit", "its standard deviation over seeds, if published"),
        ("published_n", "int", "1", "seeds behind it, if stated"),
        (
            "published_low",
            "float",
            "see unit",
            "lower end of what it leaves open: range, rounding, interval of its mean",
        ),
        ("published_high", "float", "see unit", "upper end of it"),
        ("shape", "str", "name", "falls, negative, rises, positive, level, zero; empty for a number"),
        ("value", "float", "see unit", "this run's value; a mean over seeds, or a row of the correlations table"),
        ("ci_low", "float", "see unit", "lower end: Student's t over seeds, for a correlation the table's bootstrap"),
        ("ci_high", "float", "see unit", "upper end of it"),
        ("n_seeds", "int", "1", "seeds of this run that contribute"),
        ("place", "str", "text", "checkpoint, task or window that this run's value was taken at"),
        ("settings", "str", "text", "what this run has for each setting that the claim depends on"),
        ("verdict", "str", "name", "agrees, differs, undecided, not comparable"),
        ("reason", "str", "text", "why"),
    ),
)
