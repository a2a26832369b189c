"""The table of published numbers and shapes beside those of a run."""

from plasticity.storage.schemas import Table, columns

PUBLISHED = Table(
    "published",
    columns(
        ("study", "str", "name", "study that the published number or shape is about"),
        ("claim", "str", "name", "its key in src/plasticity/studies/<study>/published.yaml"),
        ("quantity", "str", "text", "what it is, in words"),
        ("source", "str", "text", "the paper"),
        (
            "basis",
            "str",
            "name",
            "how it was read: text, table, figure, vector figure, notebook, released data, or a secondary source",
        ),
        ("kind", "str", "name", "number or shape"),
        ("unit", "str", "name", "unit of the numbers of the row: fraction, or 1 for a pure number"),
        ("published", "float", "see unit", "the published number, or the middle of a published range"),
        ("published_sd", "float", "see unit", "its standard deviation over seeds, if published"),
        (
            "published_precision",
            "float",
            "see unit",
            "half a unit of its last digit, or how exactly a figure can be read",
        ),
        ("published_n", "int", "1", "number of seeds, if stated"),
        (
            "published_low",
            "float",
            "see unit",
            "lower end of its own 95 % interval, from its spread if known, and its rounding",
        ),
        ("published_high", "float", "see unit", "upper end of it"),
        (
            "shape",
            "str",
            "name",
            "falls, negative, rises, positive, level, zero; of several values descending, ascending, flips; empty for "
            "a number",
        ),
        (
            "value",
            "float",
            "see unit",
            "this run's value: a mean over seeds, a row of the correlations table, or the difference of a ranking that "
            "holds least",
        ),
        ("ci_low", "float", "see unit", "lower end of Student's t interval over seeds, for correlations by Fisher's z"),
        ("ci_high", "float", "see unit", "upper end of it"),
        ("n_seeds", "int", "1", "seeds of this run that contribute"),
        ("place", "str", "text", "checkpoint, task or window of this run's value"),
        ("settings", "str", "text", "this run's value of each setting that the claim depends on"),
        ("verdict", "str", "name", "agrees, differs, undecided, not comparable"),
        ("reason", "str", "text", "why"),
        (
            "margin",
            "str",
            "text",
            "margin within which numbers are equal, stated beforehand; empty for a direction",
        ),
        ("needs", "str", "text", "what a comparison needs; empty if there was one"),
    ),
)
