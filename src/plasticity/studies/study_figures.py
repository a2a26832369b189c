"""The figures of a study: those in its own folder, and those that every study has."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from plasticity.config.described import Described, described_in, titles_in
from plasticity.config.study_section import figures_of

_SHARED = Path(__file__).parent / "figures"


def figures_in(folder: Path, package: str) -> dict[str, Described]:
    """Return the figures of a study by name, as they describe themselves.

    Args:
        folder: The study's package.
        package: Its dotted name.
    """
    shared = described_in(_SHARED, f"{__name__.rpartition('.')[0]}.{_SHARED.name}")
    return described_in(folder / "figures", f"{package}.figures") | shared


def figures_field(folder: Path, on_request: Sequence[str] = ()) -> Any:
    """Declare the field `figures` of a study's section; what every study has is drawn on request.

    Args:
        folder: The study's package.
        on_request: Figures of its own that not every run has the data for.
    """
    shared = titles_in(_SHARED)
    return figures_of(titles_in(folder / "figures") | shared, on_request=(*on_request, *shared))
