"""Configurations that earlier versions checked, as this one says them: the records of kept runs have their keys."""

from collections.abc import Mapping
from typing import Any

from plasticity.config.sections import studies_of

_GONE = {"figures_per_job"}
_PRECISION = "exact"  # before there was a choice


def of_this_version(config: Mapping[str, Any]) -> dict[str, Any]:
    """Return a configuration in its normal form, as it was recorded, with the keys of this version."""
    jobs = {key: value for key, value in config["jobs"].items() if key not in _GONE}
    warm = [name for name, study in studies_of(config).items() if study == "warm_start"]
    return {**config, "jobs": jobs, **{name: {"precision": _PRECISION, **config[name]} for name in warm}}
