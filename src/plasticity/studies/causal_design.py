"""The arms of a study as an experiment: which one is the control, and which differ from each other in one number."""

from collections.abc import Mapping
from typing import Any

from plasticity.config.analysis_section import CausalDesignSettings, DoseSeries
from plasticity.config.component import Chosen

Numbers = dict[str, float]
_FEWEST_DOSES = 2


def causal_design_settings(control: str, numbers: Mapping[str, Numbers]) -> CausalDesignSettings:
    """Return control, treatments and dose series, for the stage that asks for causes.

    Args:
        control: The arm without a treatment; empty where a study has none.
        numbers: The numbers of every arm that can be compared, from `numbers_of`, in the order of the configuration.
    """
    treatments = tuple(name for name in numbers if name != control)
    return CausalDesignSettings(control=control, treatments=treatments, series=_series(control, numbers))


def numbers_of(training: Mapping[str, Any], intervention: Chosen | None) -> Numbers:
    """Return the numbers of an arm's settings by what they are called in the report.

    A penalty's weight is a dose whose zero is no penalty; its cap bounds it and is none.
    """
    found: dict[str, Any] = {key.replace("_", " "): value for key, value in training.items() if key != "penalty"}
    penalty = training["penalty"]
    if penalty["name"] != "none":
        found[f"{penalty['name'].upper()} penalty weight"] = penalty["weight"]
    if intervention:
        name = intervention.name.replace("_", " ")
        found |= {f"{name}: {key}": value for key, value in intervention.parameters.items()}
    return {key: value for key, value in found.items() if isinstance(value, int | float) and value is not None}


def _series(control: str, numbers: Mapping[str, Numbers]) -> tuple[DoseSeries, ...]:
    """Return the arms that differ in one number alone, by its name, in the order of the configuration.

    With a control, a number that it does not have is zero there, such as the weight of a penalty. Without it, as with a
    parameter of an intervention, which has no neutral value, the arms that share all other numbers are compared.
    """
    found: dict[str, dict[str, float]] = {}
    base = numbers.get(control, {})
    for arm, own in numbers.items() if base else ():
        changed = [key for key in {**base, **own} if own.get(key, 0.0) != base.get(key, 0.0)]
        if len(changed) == 1 and not changed[0].startswith("first-task NC1") and ":" not in changed[0]:
            found.setdefault(changed[0], {control: base.get(changed[0], 0.0)})[arm] = own.get(changed[0], 0.0)
    for key in dict.fromkeys(key for own in numbers.values() for key in own):
        holders = {arm: own for arm, own in numbers.items() if key in own and key not in base and key not in found}
        rest = {tuple(sorted((name, value) for name, value in own.items() if name != key)) for own in holders.values()}
        if len(rest) == 1:
            found[key] = {arm: own[key] for arm, own in holders.items()}
    enough = {key: doses for key, doses in found.items() if len(set(doses.values())) >= _FEWEST_DOSES}
    return tuple(DoseSeries(name=key, doses=_one_each(doses)) for key, doses in enough.items())


def _one_each(doses: Mapping[str, float]) -> dict[str, float]:
    """Return the first arm of every dose, in ascending order: arms of one dose are one run."""
    first = {dose: arm for arm, dose in reversed(list(doses.items()))}
    return {first[dose]: float(dose) for dose in sorted(first)}
