"""What a study's small tables look like once some of its networks diverged; `edit` of their factories."""

import numpy as np

from plasticity.storage.schemas import SCHEMAS

FLOATS = [entry.name for entry in SCHEMAS["metrics"] if entry.kind == "float"]


def lose(frames, metrics=None, correlations=None, history=None):
    """Set the numbers of the masked rows to missing, as the stages do for diverged networks."""
    frames["metrics"].loc[metrics, FLOATS] = np.nan
    frames["metrics"].loc[metrics, "diverged"] = True
    frames["correlations"].loc[correlations, ["estimate", "ci_low", "ci_high"]] = np.nan
    frames["correlations"].loc[correlations, "note"] = "2 points"
    frames["history"].loc[history, "loss"] = np.inf
    return frames


def some_diverge(frames):
    metrics, correlations, history = frames["metrics"], frames["correlations"], frames["history"]
    return lose(
        frames,
        metrics["arm"].eq("nc1_spread") & metrics["warm_up_epoch"].gt(8) & metrics["seed"].ne(9),
        correlations["arm"].eq("nc1_spread") & correlations["method"].ne("pearson"),
        history["run"].eq("nc1_spread") & history["stage"].eq("warm_up") & history["epoch"].gt(4),
    )


def permuted_diverge(frames):
    return lose_tasks(frames, frames["permuted"]["arm"].eq("continual") & frames["permuted"]["task"].gt(3))


def lose_tasks(frames, rows, correlations=()):
    metrics = frames["permuted"]
    metrics.loc[rows, [entry.name for entry in SCHEMAS["permuted"] if entry.kind == "float"]] = np.nan
    metrics.loc[rows, "diverged"] = True
    frames["correlations"].loc[list(correlations), ["estimate", "ci_low", "ci_high"]] = np.nan
    frames["correlations"].loc[list(correlations), "note"] = "2 points"
    return frames


def last_iterations_diverge(frames):
    variances, transfer = frames["variances"], frames["transfer"]
    late = [
        (name, f["arm"].ne("training_size_100") & f["iteration"].gt(100))
        for name, f in frames.items()
        if name[0] != "c"
    ]
    for name, rows in late:
        frames[name].loc[rows, [e.name for e in SCHEMAS[name] if e.kind == "float" and e.name != "learning_rate"]] = (
            np.nan
        )
        frames[name].loc[rows, "diverged"] = True
    transfer.loc[transfer["diverged"], ["chosen", "chosen_on_test"]] = False
    assert variances["diverged"].any()
    return frames
