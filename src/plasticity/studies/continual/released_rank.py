"""The finding on the ε-rank as the code of He et al. (2025) computes it: does it follow the rank?"""

import numpy as np
import pandas as pd

from plasticity.report.published.measures import RunTables, Value, measured
from plasticity.report.summary.finding import NotInThisRun, Statement, mean_over_seeds, rows_with, together
from plasticity.report.summary.words import go_together, inconclusive, numbers, seeds_text, side, t_text
from plasticity.studies.continual.figure_tables import PermutedTables

_SHARE = "start_hessian_smoothed_share_above_"
_RANK = "start_hessian_rank_above_"
_COLUMNS = ("released share", "range", "rank")


def released_rank(tables: PermutedTables) -> Statement:
    """Does the released share go with the range of the Hessian's spectrum, or with the rank without smoothing?

    Correlations are Spearman's within each seed, over the starts of all tasks of all arms.

    Raises:
        NotInThisRun: If the Hessian was not measured at the starts of tasks.
    """
    threshold = next((name.removeprefix(_SHARE) for name in map(str, tables.kept) if name.startswith(_SHARE)), "")
    rows = _points(tables, threshold) if threshold else pd.DataFrame()
    if rows.empty:
        raise NotInThisRun("no Hessian at the starts of tasks (measure.curvature.hessian)")
    confidence, found = tables.analysis.confidence, {name: _correlation(rows, name, tables) for name in _COLUMNS[1:]}
    difference = mean_over_seeds(_differences(rows, tables), confidence)
    arms = len(set(rows["arm"]))
    of_range, of_rank, closer = together([*found.values(), difference], confidence)
    words = {
        1: "The released ε-rank follows the range of the Hessian's spectrum more closely than its rank",
        -1: "The released ε-rank follows the rank of the Hessian more closely than its range",
        0: f"{inconclusive(closer)}: whether the released ε-rank follows the Hessian's range or its rank more closely",
    }
    sentence = (
        f"{words[side(closer)]} (difference of the correlations {numbers(closer)}); at the starts of tasks, it and the "
        f"range {go_together(of_range)}; it and the number of eigenvalues above "
        f"{threshold.replace('_of_largest', ' of the largest')} {go_together(of_rank)} (Spearman, within each seed, "
        f"{arms} {'arm' if arms == 1 else 'arms'}, {t_text(confidence)}, {seeds_text(difference.n_seeds)})."
    )
    means = {name: rows.groupby("arm", sort=False)[name].mean() for name in _COLUMNS}
    shown = pd.DataFrame(means).rename(index=tables.label).rename_axis("arm").reset_index()
    return Statement(sentence, shown)


def _points(tables: PermutedTables, threshold: str) -> pd.DataFrame:
    """Return the starts of tasks at which the Hessian was measured, by what is compared there."""
    rows = rows_with(tables.kept, arm=list(tables.continued))
    values = (
        rows[f"{_SHARE}{threshold}"],
        rows["start_hessian_largest"] - rows["start_hessian_smallest"],
        rows[f"{_RANK}{threshold}"],
    )
    found = rows[["arm", "seed", "task"]].assign(**dict(zip(_COLUMNS, values, strict=True)))
    return found.loc[np.isfinite(found[list(_COLUMNS)].to_numpy(dtype=float)).all(axis=1)]


def _correlation(rows: pd.DataFrame, other: str, tables: PermutedTables) -> Value:
    run = RunTables(rows.assign(arm="all"), tables.correlations, "task", tables.analysis.confidence)
    return measured({"of": "association", "arm": "all", "x": _COLUMNS[0], "y": other, "method": "spearman"}, run)


def _differences(rows: pd.DataFrame, tables: PermutedTables) -> dict[int, float]:
    """Return by how much the correlation with the range is above that with the rank, by seed."""
    found = {}
    for seed, part in rows.groupby("seed"):
        of_range, of_rank = (_correlation(part, name, tables).estimate for name in _COLUMNS[1:])
        found[int(str(seed))] = of_range - of_rank
    return found
