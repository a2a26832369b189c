"""Findings of the warm-start study, from its tables."""

from typing import Any

import pandas as pd

from plasticity.analysis.whole_runs import left_out, whole_runs
from plasticity.report.summary.finding import (
    CAUSES_SHOWN,
    NotInThisRun,
    Statement,
    cause,
    correlation,
    mean_over_seeds,
    over_doses,
    rows_with,
    the_row,
    together,
)
from plasticity.report.summary.words import (
    POINTS,
    factor,
    go_together,
    inconclusive,
    moves,
    numbers,
    plain,
    seeds_text,
    side,
    sized,
    t_text,
    times,
    verdict_text,
)
from plasticity.studies.warm_start.figure_tables import OUTCOME, FigureTables

_ACCURACY = "accuracy after fine-tuning"


def ran(tables: FigureTables) -> dict[str, str]:
    """Return what was run, as far as only this study has it."""
    epochs = sorted(set(rows_with(tables.metrics, arm=list(tables.warmed))["warm_up_epoch"].tolist()))
    length = f", at epochs {epochs[0]} to {epochs[-1]}" if epochs else ""
    return {
        "Checkpoints": f"{len(epochs)} of every warm-up{length}; from each, fine-tuning on the full training set",
        "Left out": tables.left_out,
    }


def warm_start_gap(tables: FigureTables) -> Statement:
    """How far below a fresh network does the plain warm start end, mean over its checkpoints?

    A seed counts if fine-tuning from every checkpoint, and the fresh network, ended without diverging.

    Raises:
        NotInThisRun: If the study has no plain warm start, or no fresh network to compare it with.
    """
    arm = _control(tables)
    rows = rows_with(tables.metrics, arm=arm)
    whole: Any = whole_runs(rows, "warm_up_epoch", ["plasticity_gap"])
    found = whole.groupby("seed")["plasticity_gap"].mean()
    gap = mean_over_seeds(found, tables.analysis.confidence)
    if not gap.n_seeds:
        raise NotInThisRun(f"no seed of {tables.label(arm)} has a finite gap to a fresh network at every checkpoint")
    words = {
        1: f"Warm starting costs accuracy: it ends {sized(gap, POINTS)} below training from scratch",
        -1: f"Warm starting improves accuracy: it ends {sized(gap, POINTS)} above training from scratch",
        0: f"{inconclusive(gap)}: warm starting costs {numbers(gap, POINTS)}",
    }
    seeds = seeds_text(gap.n_seeds, left_out=left_out(rows, whole))
    how = f"{tables.label(arm)}, mean over its checkpoints, paired by seed, {_t(tables)}, {seeds}"
    return Statement(f"{words[side(gap)]} ({how}).", found.rename("mean plasticity gap").reset_index())


def phases(tables: FigureTables) -> Statement:
    """Do NC1 and the accuracy after fine-tuning go together, before and after the boundary of the phases?"""
    arm, missing = _control(tables), "no correlations of the plain warm start in both phases"
    chosen = rows_with(tables.correlations, arm=arm, metric="nc1", outcome=OUTCOME, method="pearson", aggregate="mean")
    early, late = (the_row(chosen, missing, window_kind=f"{which}_phase") for which in ("first", "second"))
    before, after = together([correlation(early), correlation(late)], tables.analysis.confidence)
    sentence = (
        f"Up to epoch {tables.analysis.phase_boundary} of the warm-up, NC1 and {_ACCURACY} "
        f"{go_together(before)}; after that, they {go_together(after)} "
        f"({tables.label(arm)}, Pearson r, mean over seeds, {_t(tables)}, "
        f"{seeds_text(early['n_seeds'])})."
    )
    shown = ["window_kind", "window_start", "window_end", "estimate", "ci_low", "ci_high", "n_seeds", "note"]
    return Statement(sentence, rows_with(chosen, window_kind=["first_phase", "second_phase"]).filter(shown))


def beyond_length(tables: FigureTables) -> Statement:
    """Does NC1 go with accuracy among networks that were warmed up for equally long?"""
    keys = {"quantity": "correlation", "metric": "log_nc1", "window_kind": "all"}
    rows, missing = rows_with(tables.causes, **keys), "no correlation of NC1 and accuracy at equal warm-up length"
    over_all, equal = (cause(the_row(rows, missing, method=method)) for method in ("total", "within_length"))
    slopes = rows_with(tables.causes, quantity="regression_slope")
    sentence = (
        f"Among networks with equally long warm-ups, ln NC1 and {_ACCURACY} {go_together(equal)}; over all lengths, "
        f"r = {numbers(over_all)} "
        f"(all warmed-up arms, {_t(tables)}, jackknife, {seeds_text(equal.n_seeds)})."
    )
    return Statement(sentence, pd.concat([rows, slopes]).filter(CAUSES_SHOWN))


def intervention(tables: FigureTables) -> Statement:
    """What does the study's first intervention change: accuracy, and NC1 before fine-tuning?

    Raises:
        NotInThisRun: If no arm changes its checkpoints.
    """
    arms = [arm for arm in tables.interventions if arm in tables.causal_design.treatments]
    if not arms:
        raise NotInThisRun(
            "no arm with an intervention on the checkpoints of the plain warm start, such as shrink_perturb"
        )
    name, rows = tables.label(arms[0]), rows_with(tables.causes, quantity="contrast", treatment=arms[0])
    missing = f"no contrast of {name} with the plain warm start"
    accuracy, collapse = (cause(the_row(rows, missing, outcome=what)) for what in ("accuracy", "log_nc1"))
    sentence = (
        f"{name[:1].upper()}{name[1:]} {moves(accuracy, _ACCURACY, numbers(accuracy, POINTS))}, and "
        f"{moves(collapse, 'NC1', times(factor(collapse)), of='one')} "
        f"(relative to {tables.label(tables.causal_design.control)}, paired by seed and epoch, {_t(tables)}, "
        f"{seeds_text(accuracy.n_seeds)})."
    )
    return Statement(sentence, rows.filter(CAUSES_SHOWN))


def dose_response(tables: FigureTables) -> Statement:
    """Does moving collapse by a penalty, over all its doses, move accuracy as "collapse hurts plasticity" says?"""
    names = [series.name for series in tables.causal_design.series]
    series = next((name for name in names if "penalty" in name), names[0] if names else "")
    rows = rows_with(tables.causes, quantity="slope", treatment=series)
    missing = "no arms that differ in a single number, such as the weight of the NC1 penalty"
    row = the_row(rows, missing, outcome="accuracy")
    accuracy, collapse = cause(over_doses(row)), cause(over_doses(the_row(rows, missing, outcome="log_nc1")))
    sentence = (
        f"Increasing {series} from {plain(row['dose_low'])} to {plain(row['dose_high'])} "
        f"{moves(collapse, 'NC1', times(factor(collapse)), of='one')}, and "
        f"{moves(accuracy, _ACCURACY, numbers(accuracy, POINTS))}; {verdict_text(row['verdict'])} "
        f"(slope over all doses, paired by seed and epoch, {_t(tables)}, "
        f"{seeds_text(accuracy.n_seeds)})."
    )
    through = rows_with(tables.causes, question="mediation", quantity=["indirect", "direct"], treatment=series)
    return Statement(sentence, pd.concat([rows, through]).filter(CAUSES_SHOWN))


def _control(tables: FigureTables) -> str:
    """Return the arm that warms up as the study says.

    Raises:
        NotInThisRun: If there is none.
    """
    if not tables.causal_design.control:
        raise NotInThisRun("no arm with the default warm-up and without an intervention")
    return str(tables.causal_design.control)


def _t(tables: FigureTables) -> str:
    return t_text(tables.analysis.confidence)
