"""The findings of every study by name, without any import of what computes them: the workflow reads this."""

from collections.abc import Mapping
from dataclasses import dataclass

MOST = 5
"""Findings that a page has at most: more is no summary."""


@dataclass(frozen=True)
class FindingEntry:
    """A finding's heading, the figure that shows it, and the table that it is read from; computed by its namesake."""

    title: str
    figure: str
    table: str


@dataclass(frozen=True)
class SummaryEntry:
    """A study's summary: its package in `plasticity.studies`, the question, the findings."""

    module: str
    title: str
    question: str
    findings: Mapping[str, FindingEntry]


# Modules are named, not imported, as in `plasticity.report.figures.figure_registry`.
SUMMARIES: Mapping[str, SummaryEntry] = {
    "warm_start": SummaryEntry(
        "warm_start",
        "Warm starting",
        "Does training on part of the data first cost accuracy on all of it, and is neural collapse the reason?",
        {
            "warm_start_gap": FindingEntry("What a warm start costs", "plasticity_gap", "metrics"),
            "phases": FindingEntry("Collapse and accuracy, early and late", "correlation_windows", "correlations"),
            "beyond_length": FindingEntry("What collapse says beyond training length", "causal_estimates", "causes"),
            "intervention": FindingEntry("What an intervention does, and to NC1", "accuracy_by_warm_up", "causes"),
            "dose_response": FindingEntry("Moving collapse itself", "dose_response", "causes"),
        },
    ),
    "permuted": SummaryEntry(
        "continual",
        "Permuted images",
        "Does a network that goes from task to task learn each a little worse, and does neural collapse say why?",
        {
            "accuracy_lost": FindingEntry("What going on costs", "plasticity_by_task", "metrics"),
            "collapse_over_tasks": FindingEntry("Collapse over the tasks", "accuracy_and_collapse_by_task", "metrics"),
            "averaged_or_within": FindingEntry(
                "Collapse and accuracy, of means and of single seeds", "task_correlations", "correlations"
            ),
            "first_task_length": FindingEntry("A longer first task", "first_task_length", "causes"),
            "beyond_length": FindingEntry("What collapse says beyond training", "task_causal_estimates", "causes"),
        },
    ),
    "train_test_collapse": SummaryEntry(
        "train_test_collapse",
        "Train and test collapse",
        "Do features of test images collapse as those of training images do, in which layers, and does it harm a next "
        "task?",
        {
            "train_and_test": FindingEntry("Training images and test images", "variances_by_iteration", "metrics"),
            "layers": FindingEntry("Which layer collapses most", "variances_by_layer", "metrics"),
            "first_task_helps": FindingEntry(
                "What the first task is worth to the next", "transfer_by_variance", "transfer"
            ),
            "transfer": FindingEntry("Collapse and the next task", "transfer_by_variance", "correlations"),
        },
    ),
}


def summary_figures(study: str) -> list[str]:
    """Return the figures that a study's summary shows where the configuration has them, each once."""
    return list(dict.fromkeys(entry.figure for entry in SUMMARIES[study].findings.values()))


def summary_module(study: str) -> str:
    """Return the dotted name of the module that computes a study's findings, without importing it."""
    return f"plasticity.studies.{SUMMARIES[study].module}.findings"
