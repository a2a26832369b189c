"""How many independent networks show a published correlation."""

from collections.abc import Iterator, Mapping

from plasticity.analysis.estimates import Estimand, Row, row_of
from plasticity.analysis.inference import Inference
from plasticity.analysis.power import seeds_for_correlation
from plasticity.analysis.published_effects import Effect, Key
from plasticity.analysis.transitions import Transitions


def power_rows(published: Mapping[Key, Effect], windows: Mapping[str, Transitions], confidence: float) -> Iterator[Row]:
    """Yield how many independent networks show each published correlation with power 0.8 (Fisher's z).

    Args:
        published: Sizes by key; those of correlations are taken.
        windows: Transitions by window.
        confidence: Level of the test.
    """
    for key, effect in published.items():
        if key[0] != "correlation" or key[2] not in windows or windows[key[2]].rows.empty:
            continue
        estimand = Estimand(
            question="power",
            quantity="independent_networks",
            method=key[1],
            metric=key[3],
            unit="seeds",
        )
        window = windows[key[2]]
        seeds = len(set(window.rows["seed"]))
        needed = float(seeds_for_correlation(effect.size, confidence=confidence))
        note = f"to see r = {effect.size:+.2f} with power 0.8 if every network were independent, by Fisher's z"
        yield row_of(estimand, Inference(needed, n_seeds=seeds, note=note), window, 0)
