"""Where tables come from: the rule that makes each, and the page of the report that shows it; without any import."""

from collections.abc import Mapping
from dataclasses import dataclass


@dataclass(frozen=True)
class Source:
    """The rule that writes a table, and its page in the study's folder `tables`; empty where it has none."""

    rule: str
    page: str = ""


SOURCES: Mapping[str, Mapping[str, Source]] = {
    "warm_start": {
        "metrics": Source("assemble_metrics", "outcomes"),
        "histories": Source("assemble_histories"),
        "correlations": Source("correlate", "correlations"),
        "causes": Source("find_causes", "causes"),
    },
    "permuted": {
        "metrics": Source("assemble_permuted", "outcomes"),
        "correlations": Source("correlate_permuted", "correlations"),
        "causes": Source("find_causes_permuted", "causes"),
    },
    "train_test_collapse": {
        "metrics": Source("assemble_variances", "outcomes"),
        "transfer": Source("assemble_transfer"),
        "correlations": Source("correlate_transfer", "correlations"),
    },
}
"""Study -> table, by the name of its file -> where it comes from."""

_DRAWN_BY = {"warm_start": "draw_", "permuted": "draw_permuted_", "train_test_collapse": "draw_train_test_"}


def drawing_rule(study: str, drawing: str) -> str:
    """Return the name of the rule of a job that draws figures of a study."""
    return f"{_DRAWN_BY[study]}{drawing}"
