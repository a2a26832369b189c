"""The tables of explanations: gains over the task number, gains beyond another quantity, and across sections."""

import numpy as np
import pandas as pd
from simulated import EFFECTS
from simulated.sequences import methods_table

from plasticity.analysis.prediction import SCOPES
from plasticity.analysis.verdict import holm
from plasticity.config.slices import ExplainAcrossSettings, ExplainSettings
from plasticity.studies.continual.across.explain_across import MEAN, explanations_across_of
from plasticity.studies.continual.explain import TASK, explanations_of
from rates import CONFIDENCE
from rates.tally import Tally

_MAKER, _BESIDE = "weight_norm", "nc1"
"""The quantity that makes the loss where there is an effect, and the one that gains are asked beyond."""
_QUANTITIES = [_MAKER, _BESIDE, "effective_rank", "dead_units"]
_SETTINGS = ExplainSettings(confidence=CONFIDENCE, losses=("plasticity_gap",), references=(), beyond=(_BESIDE,))
_ACROSS = ExplainAcrossSettings(confidence=CONFIDENCE, losses=("plasticity_gap",), references={})
_SECTIONS = ("first", "second", "third")
_NUMBERS = ("skill", "gain", "gain_beyond")


def of_tables(random: np.random.Generator, seeds: int, studies: int, tally: Tally) -> None:
    """Count tables of explanations, with the effect as many as without: their intervals are counted as well."""
    for effect, name in EFFECTS.items():
        tables = [
            explanations_of(methods_table(random, seeds, effect=effect), _QUANTITIES, _SETTINGS) for _ in range(studies)
        ]
        for table in tables:
            _count(table.loc[table["quantity"].ne(TASK)], tally, name, effect=effect)
        if effect:
            _intervals(pd.concat(tables), tally)


def _count(table: pd.DataFrame, tally: Tally, name: str, *, effect: bool) -> None:
    """Count gains of any quantity but the one that makes the loss as wrong, after Holm's correction in each scope."""
    for scope in SCOPES:
        rows = table.loc[table["scope"].eq(scope)]
        asked = rows["p_value_beyond"].notna()
        beyond = np.ones(len(rows))
        beyond[asked] = holm(rows.loc[asked, "p_value_beyond"].to_numpy(float))
        for column, p_values in (("gain", rows["p_adjusted"].to_numpy(float)), ("gain_beyond", beyond)):
            kind = f"explanations: {column.replace('_', ' ')} {scope}, {name}"
            _say(tally, kind, rows, (rows[column].to_numpy(float), p_values), effect=effect)


def _say(tally: Tally, kind: str, rows: pd.DataFrame, found: tuple[np.ndarray, np.ndarray], *, effect: bool) -> None:
    """Count the gains of a family from their values and corrected p-values."""
    gained = (found[0] > 0) & (found[1] < 1 - CONFIDENCE)
    makes = rows["quantity"].eq(_MAKER).to_numpy() & effect
    decided = gained & makes if effect else gained
    tally.add(kind, decided=bool(decided.any()), wrong=bool((gained & ~makes).any()))


def _intervals(table: pd.DataFrame, tally: Tally) -> None:
    """Count intervals of the quantity that makes the loss; the truth is the mean over studies of as many seeds."""
    rows = table.loc[table["quantity"].eq(_MAKER)]
    for scope in SCOPES:
        for number in _NUMBERS:
            own = rows.loc[rows["scope"].eq(scope), [number, f"{number}_low", f"{number}_high"]].to_numpy(float)
            truth = float(np.nanmean(own[:, 0])) if np.isfinite(own[:, 0]).any() else np.nan
            tally.intervals(f"explanations: {number.replace('_', ' ')} {scope}", own[:, 1:].T, truth)


def of_tables_across(random: np.random.Generator, seeds: int, studies: int, tally: Tally) -> None:
    """Count tables of explanations across three sections.

    Seeds are those of all sections, which have nothing else in common but the effect.
    """
    for effect, name in EFFECTS.items():
        tables = []
        for _ in range(studies):
            frames = {section: methods_table(random, seeds, effect=effect) for section in _SECTIONS}
            table = explanations_across_of(frames, _QUANTITIES, _ACROSS)
            rows = table.loc[table["quantity"].ne(TASK) & table["section"].eq(MEAN)]
            found = rows["gain"].to_numpy(float), rows["p_adjusted"].to_numpy(float)
            _say(tally, f"explanations across sections: gain, {name}", rows, found, effect=effect)
            tables.append(rows)
        if effect:
            own = pd.concat(tables).loc[lambda rows: rows["quantity"].eq(_MAKER)]
            for number in _NUMBERS[:2]:
                ends = own[[f"{number}_low", f"{number}_high"]].to_numpy(float).T
                tally.intervals(f"explanations across sections: {number}", ends, float(own[number].mean()))
