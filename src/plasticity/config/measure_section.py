"""Section of the configuration that says what is measured of a network, besides the package's metrics."""

from typing import Annotated

from pydantic import Field

from plasticity.config.component import Chosen, chosen
from plasticity.config.landscape_section import MeasureLandscape
from plasticity.config.settings import setting

_Metric = Annotated[Chosen, chosen("metric", "A metric.")]


class MeasureNetwork(MeasureLandscape):
    """What is measured besides the package's metrics."""

    probe_images: int = setting(
        "Number of images on which dead units are counted: the first ones in whole batches, or spread evenly where "
        "images are sorted by class.",
        unit="images",
        ge=1,
    )
    metrics: Annotated[tuple[_Metric, ...] | None, Field(min_length=1)] = setting(
        "Custom metrics, functions declared with `@metric`; each adds a column to the tables.",
        unit="mapping",
        default=None,
    )
