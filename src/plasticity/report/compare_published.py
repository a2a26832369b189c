"""Stage: published numbers and shapes of a study next to this run's values, with a verdict for each."""

import importlib.resources
import math
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from plasticity.config.page_slices import PublishedSettings
from plasticity.jobs.adapter import Job
from plasticity.report.html_tables import number_text, write_html
from plasticity.report.published.claims import Claim, Published, read_published
from plasticity.report.published.comparable import mismatches, missing_arms, of_other_tasks, settings_text
from plasticity.report.published.joint import value_of
from plasticity.report.published.measures import RunTables, Value
from plasticity.report.published.published_columns import PUBLISHED
from plasticity.report.published.published_verdict import (
    NOT_COMPARABLE,
    VERDICTS,
    margin_text,
    published_interval,
    published_value,
    verdict,
)
from plasticity.storage.provenance import provenance
from plasticity.storage.tables import read_table, write_table

_REASONS = 3  # that the page shows of a claim
_CONFIDENCE = 0.95  # of the published intervals of a study that was not run
_NOTE = (
    "Published numbers and shapes next to this run's values, with intervals over seeds. Agrees: equal within the "
    "margin, or on the published side of zero. Differs: not equal, or on the other side of zero. Undecided: neither "
    "can be shown, for example with fewer than three seeds. Both sides' uncertainty is taken into account. The rules "
    "are in docs/statistics.md; all differing settings are in published.parquet."
)
_ELSEWHERE = "{} of those not compared are about another sequence of tasks and not listed here."
_FOLDED = "Not compared, and what a comparison needs"


def run(job: Job) -> None:
    """Compare what is published about a study with the run, or list it for a study that was not run."""
    was_run = bool(job.params["settings"])
    compare_published(
        published_of(job.params["package"]),
        job.params["study"],
        job.input.each() or None,
        table=job.output["table"],
        page=job.output["page"],
        settings=job.slice(PublishedSettings) if was_run else None,
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
    settings: PublishedSettings | None,
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
        tables = RunTables(metrics, correlations, published.axis, settings.confidence)
    rows = comparison(published, study, tables, settings)
    write_table(rows, table, "published", provenance(settings.tree if settings else {}))
    compared = rows["verdict"].ne(NOT_COMPARABLE).to_numpy(dtype=bool)
    other = np.array([settings is not None and of_other_tasks(claim, settings) for claim in published.claims])
    listed, elsewhere = ~compared & ~other, int((~compared & other).sum())
    note = " ".join(
        [
            counts(rows, settings.confidence if settings else _CONFIDENCE),
            *([_ELSEWHERE.format(elsewhere)] if elsewhere else []),
            _NOTE,
        ]
    )
    folded = (_FOLDED, not_compared(rows.loc[listed])) if listed.any() else None
    wide = ["quantity", "reason"]
    write_html(
        readable(rows.loc[compared]), page, title="published beside this run", note=note, wide=wide, folded=folded
    )


def comparison(
    published: Published, study: str, tables: RunTables | None, settings: PublishedSettings | None
) -> pd.DataFrame:
    """Return the "published" table, a row per claim.

    Args:
        published: The claims.
        study: The study's section.
        tables: The run's tables; None if the study was not run.
        settings: What the run was; None if the study was not run.
    """
    rows = [_row(study, claim, tables, settings) for claim in published.claims]
    return pd.DataFrame(rows, columns=PUBLISHED.names).astype(dict.fromkeys(PUBLISHED.of_kind("int"), "Int64"))


def counts(rows: pd.DataFrame, confidence: float) -> str:
    """Return how many claims were compared, with which verdicts, and how many of correct ones are wrong by chance."""
    verdicts = rows["verdict"].tolist()
    compared = len(verdicts) - verdicts.count(NOT_COMPARABLE)
    if not compared:
        return f"None of {len(verdicts)} published numbers and shapes could be compared with this run."
    found = ", ".join(f"{word} {verdicts.count(word)}" for word in VERDICTS if word != NOT_COMPARABLE)
    sentence = f"{compared} of {len(verdicts)} published numbers and shapes were compared: {found}."
    if compared == 1:
        return sentence
    return f"{sentence} Each is tested by itself: of correct ones, {1 - confidence:.0%} are decided wrongly by chance."


def not_compared(rows: pd.DataFrame) -> pd.DataFrame:
    """Return what is published and was not compared, and what a comparison needs; nothing of this run."""
    records = rows.to_dict("records")
    return pd.DataFrame(
        {
            "quantity": [row["quantity"] for row in records],
            "source": [f"{row['source']}, {row['basis']}" for row in records],
            "published": [_published_text(row) for row in records],
            "needs": [row["needs"] or _shortened(row["reason"]) for row in records],
        }
    )


def readable(rows: pd.DataFrame) -> pd.DataFrame:
    """Return the columns that a reader looks at, numbers as text."""
    records = rows.to_dict("records")
    return pd.DataFrame(
        {
            "quantity": [row["quantity"] for row in records],
            "source": [f"{row['source']}, {row['basis']}" for row in records],
            "published": [_published_text(row) for row in records],
            "counts as equal": [row["margin"] or "–" for row in records],
            "this run": [number_text(row["value"], row["ci_low"], row["ci_high"]) for row in records],
            "seeds": [row["n_seeds"] for row in records],
            "at": [row["place"] or "–" for row in records],
            "verdict": [row["verdict"] for row in records],
            "reason": [_shortened(row["reason"]) for row in records],
        }
    )


def _row(study: str, claim: Claim, tables: RunTables | None, settings: PublishedSettings | None) -> dict[str, Any]:
    interval = published_interval(claim, tables.confidence if tables else _CONFIDENCE)
    value, (decided, reason) = Value(), (NOT_COMPARABLE, "not run")
    if tables is not None and settings is not None:
        value, (decided, reason) = _compared(claim, tables, settings)
    return {
        **{key: getattr(claim, key) for key in ("quantity", "source", "basis", "unit", "shape")},
        "study": study,
        "claim": claim.name,
        "kind": "shape" if claim.shape else "number",
        "published": claim.value if claim.range is None else published_value(claim),
        "published_sd": claim.sd,
        "published_precision": claim.precision or None,
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
        "margin": margin_text(claim),
        "needs": _needs(claim, settings) if decided == NOT_COMPARABLE else "",
    }


def _needs(claim: Claim, settings: PublishedSettings | None) -> str:
    """Return what it takes to compare a claim: its preset, where settings are missing; or why nothing does."""
    if claim.not_comparable:
        return claim.not_comparable
    missing = missing_arms(claim, settings) or mismatches(claim.requires, settings) if settings else True
    return f"needs {claim.preset}" if missing and claim.preset else ""


def _compared(claim: Claim, tables: RunTables, settings: PublishedSettings) -> tuple[Value, tuple[str, str]]:
    """Return this run's value, and verdict and reason; of what cannot be compared, nothing of this run."""
    if absent := missing_arms(claim, settings):
        return Value(), (NOT_COMPARABLE, f"not run: {' and '.join(absent)}")
    value = value_of(claim, tables)
    reasons = [claim.not_comparable, *mismatches(claim.requires, settings), value.missing]
    if any(reasons):
        return Value(), (NOT_COMPARABLE, _joined(reasons))
    decided, reason = verdict(claim, value, tables.confidence)
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
    text = _as_read(row["published"], row["published_precision"])
    if not pd.isna(row["published_sd"]):
        return f"{text} ± {row['published_sd']:.3g}{n}"
    if not _is_rounding(row):
        text += f" [{row['published_low']:.4g}, {row['published_high']:.4g}]"
    elif row["basis"] == "figure":
        text += f" ± {row['published_precision']:g} by eye"
    return text + n


def _as_read(value: float, precision: float) -> str:
    """Return a number in the digits in which it was printed or read."""
    if pd.isna(precision):
        return number_text(value)
    return f"{value:.{max(0, math.ceil(-math.log10(2 * precision) - 0.01))}f}"


def _is_rounding(row: Mapping[Any, Any]) -> bool:
    """Say whether the published interval is absent, or only that of the number's last digit."""
    low, high, precision = (row[f"published_{key}"] for key in ("low", "high", "precision"))
    return pd.isna(low) or (not pd.isna(precision) and high - low < 2.001 * precision)
