"""What the stages of explanations across sections read of the configuration, from the plans of these sections."""

from collections.abc import Mapping

from plasticity.config.page_slices import AcrossDisplay
from plasticity.config.slices import ExplainAcrossSettings
from plasticity.studies.continual.plan import PermutedPlan

Plans = Mapping[str, PermutedPlan]
"""Plans by the names of their sections."""


def explain_across_settings(plans: Plans) -> ExplainAcrossSettings:
    """Return what the table is made by."""
    of_sections = {name: plan.explain_settings() for name, plan in plans.items()}
    losses = (loss for settings in of_sections.values() for loss in settings.losses)
    return ExplainAcrossSettings(
        confidence=_confidence(plans),
        losses=tuple(dict.fromkeys(losses)),
        references={name: settings.references for name, settings in of_sections.items()},
    )


def across_display(plans: Plans, titles: Mapping[str, str]) -> AcrossDisplay:
    """Return what figure, page and finding are made by; titles are those of the sections by name."""
    return AcrossDisplay(confidence=_confidence(plans), titles={name: titles[name] for name in plans})


def _confidence(plans: Plans) -> float:
    """Return the highest level of the sections' intervals."""
    return max((plan.section.analysis.confidence for plan in plans.values()), default=0.0)
