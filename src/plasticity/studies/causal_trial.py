"""The arms of a study as an experiment, from what its plan says to what the statistics take."""

from plasticity.analysis.doses import Series, Trial
from plasticity.config.analysis_section import TrialSettings


def trial_in(settings: TrialSettings, pairs: tuple[str, ...]) -> Trial:
    """Return the experiment that a plan describes.

    Args:
        settings: Control, treatments and dose series.
        pairs: Columns that a treated network shares with its control.
    """
    series = tuple(Series(each.name, each.doses) for each in settings.series)
    return Trial(settings.control, settings.treatments, series, pairs)
