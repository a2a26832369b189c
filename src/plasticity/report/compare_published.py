"""Stage: what papers published about a study, beside what this run has, with a verdict for each number and shape."""

import importlib.resources
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import pandas as pd

from plasticity.jobs.adapter import Job
from plasticity.report.html_tables import number_text, write_html
from plasticity.report.published.claims import Claim, Published, read_published
from plasticity.report.published.comparable import mismatches, missing_arms, settings_text
from plasticity.report.published.measures import RunTables, Value, measured
from plasticity.report.published.published_columns import PUBLISHED
from plasticity.report.published.published_verdict import NOT_COMPARABLE, published_interval, verdict
from plasticity.storage.provenance import provenance
from plasticity.storage.tables import read_table, write_table

_REASONS = 3  # that the page shows of a claim
_CONFIDENCE = 0.95  # of the published intervals of a study that was not run
_NOTE = (
    "Every published number and shape of the study beside this run's value, with its interval over seeds. Agrees: "
    "this run's interval meets the published number or its interval, or lies on the side of zero that the shape says. "
    "Undecided: it does not tell, as a bootstrap interval of fewer than three seeds never does. Not comparable: the "
    "run differs in a setting that the claim depends on; its value is shown all the same. The rules are in "
    "docs/statistics.md, all differing settings in published.parquet."
)


def run(job: Job) -> None:
    """Compare what is published about a study with the run, or list it for a study that was not run."""
    compare_published(
        published_of(job.params["package"]),
        job.params["study"],
        job.input.each() or None,
        table=job.output["table"],
        page=job.output["page"],
        settings=job.settings,
    )


def published_of(package: str) -> Published:
    """Return what is published about the study of a package."""
    return read_published(Path(str(importlib.resources.files(package))) / "published.yaml")


def compare_published(
    published: Published,
    study: str,
    files: Mapping[str, Path] | None,
    *,
    table: Path,
    page: Path,
    settings: Mapping[str, Any] | None,
) -> None:
    """Write the "published" table of a study and its page of the report.

    Args:
        published: The claims about it.
        study: Its section's name.
        files: Its tables "metrics" and "correlations"; None for a study that was not run.
        table: Where the table goes.
        page: Where the page goes.
        settings: `published_settings` of the study's plan; None for a study that was not run.

    Raises:
        PlasticityError: If a table is damaged.
    """
    tables = None
    if files is not None and settings is not None:
        metrics = read_table(files["metrics"], published.table)
        correlations = read_table(files["correlations"], "correlations")
        tables = RunTables(metrics, correlations, published.axis, settings["analysis"]["confidence"])
    rows = comparison(published, study, tables, settings)
    write_table(rows, table, "published", provenance(dict(settings or {})))
    write_html(readable(rows), page, title="published beside this run", note=_NOTE, wide=["quantity", "reason"])


def comparison(
    published: Published, study: str, tables: RunTables | None, settings: Mapping[str, Any] | None
) -> pd.DataFrame:
    """Return the "published" table, a row per claim.

    Args:
        published: The claims.
        study: The study's section.
        tables: The run's tables; None if the study was not run.
        settings: What the run was; None if the study was not run.
    """
    rows = [_row(study, claim, tables, settings or {}) for claim in published.claims]
    return pd.DataFrame(rows, columns=PUBLISHED.names).astype(dict.fromkeys(PUBLISHED.of_kind("int"), "Int64"))


def readable(rows: pd.DataFrame) -> pd.DataFrame:
    """Return the columns that a reader looks at, numbers as text."""
    records = rows.to_dict("records")
    return pd.DataFrame(
        {
            "quantity": [row["quantity"] for row in records],
            "source": [f"{row['source']}, {row['basis']}" for row in records],
            "published": [_published_text(row) for row in records],
            "this run": [number_text(row["value"], row["ci_low"], row["ci_high"]) for row in records],
            "seeds": [row["n_seeds"] for row in records],
            "at": [row["place"] or "–" for row in records],
            "verdict": [row["verdict"] for row in records],
            "reason": [_shortened(row["reason"]) for row in records],
        }
    )


def _row(study: str, claim: Claim, tables: RunTables | None, settings: Mapping[str, Any]) -> dict[str, Any]:
    interval = published_interval(claim, tables.confidence if tables else _CONFIDENCE)
    value, (decided, reason) = Value(), (NOT_COMPARABLE, "not run")
    if tables is not None:
        value, (decided, reason) = _compared(claim, tables, settings, interval)
    return {
        **{key: getattr(claim, key) for key in ("quantity", "source", "basis", "unit", "shape")},
        "study": study,
        "claim": claim.name,
        "kind": "shape" if claim.shape else "number",
        "published": claim.value,
        "published_sd": claim.sd,
        "published_n": claim.n,
        "published_low": interval[0],
        "published_high": interval[1],
        "value": value.estimate,
        "ci_low": value.low,
        "ci_high": value.high,
        "n_seeds": value.n_seeds,
        "place": value.place,
        "settings": settings_text(claim, settings) if settings else "",
        "verdict": decided,
        "reason": reason,
    }


def _compared(
    claim: Claim, tables: RunTables, settings: Mapping[str, Any], interval: tuple[float, float]
) -> tuple[Value, tuple[str, str]]:
    """Return this run's value, and verdict and reason; what cannot be compared still has its value."""
    if absent := missing_arms(claim, settings):
        return Value(), (NOT_COMPARABLE, f"not run: {' and '.join(absent)}")
    value = measured(claim.measure, tables)
    reasons = [claim.not_comparable, *mismatches(claim.requires, settings), value.missing]
    if any(reasons):
        return value, (NOT_COMPARABLE, _joined(reasons))
    decided, reason = verdict(claim, value, interval)
    differing = "; ".join(mismatches(claim.other, settings))
    return value, (decided, _joined([reason, differing and f"other settings: {differing}"]))


def _joined(parts: Sequence[str]) -> str:
    return "; ".join(part for part in parts if part)


def _shortened(reason: str) -> str:
    parts = reason.split("; ")
    return "; ".join(parts[:_REASONS]) + (f"; {len(parts) - _REASONS} more" if len(parts) > _REASONS else "")


def _published_text(row: Mapping[Any, Any]) -> str:
    """Return a published shape, range or number as text."""
    n = "" if pd.isna(row["published_n"]) else f" (n = {row['published_n']})"
    if row["kind"] == "shape":
        return row["shape"] + n
    if pd.isna(row["published"]):
        return f"{number_text(row['published_low'])} to {number_text(row['published_high'])}{n}"
    spread = "" if pd.isna(row["published_sd"]) else f" ± {row['published_sd']:.3g}"
    return number_text(row["published"]) + spread + n
