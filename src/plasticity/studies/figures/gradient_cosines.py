"""Cosines between the gradients of single images.

Each panel is a matrix of the cosines between gradients of the loss on single images of the task, ordered by class:
1 (red) means that two images ask for the same change, −1 (blue) that they ask for opposite ones. Above: at the
initialisation; below: at the last checkpoint at which they were stored. Only the first seed is shown ({{ n }}); images
without a gradient are left out.

Counterpart of Figure 2 (right) of Lyle et al. (2023, arXiv:2303.01486), who order 512 images by k-means and compare
gradient descent with Brownian motion of the same step lengths in deep Q-learning.
"""

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.image import AxesImage

from plasticity.report.figures.layout import empty, label_axes, panel, write_notes
from plasticity.report.figures.study_tables import StudyTables
from plasticity.report.figures.style import DOUBLE, SINGLE, Style

TABLES = ("metrics",)

_COSINES = "gradient_cosines"
_MOST = 4  # arms that are shown


def draw(tables: StudyTables, style: Style) -> Figure:
    """Draw a matrix per arm and moment."""
    found = tables.moments((_COSINES,))
    shown = [found[0], found[-1]] if len(found) > 1 else found
    arms = [arm for arm in tables.networks if any(moment.of(arm) for moment in shown)][:_MOST]
    rows, columns = max(1, len(shown)), max(1, len(arms))
    width = SINGLE if columns == 1 else DOUBLE
    figure, axes = style.figure(rows, columns, height=0.6 + rows * (width - 1) / columns, width=width)
    label_axes(axes, x="Image, ordered by class (number)", y="Image, ordered by class (number)")
    write_notes(figure, tables.exclusions())
    if not arms:
        panel(axes[0, 0], 0, "Cosines")
        empty(axes[0, 0], "no cosines stored (measure.gradients.keep)")
        return figure
    drawn = []
    for place, (moment, arm) in enumerate((moment, arm) for moment in shown for arm in arms):
        ax = axes.flat[place]
        panel(ax, place, f"{tables.label(arm)},\n{moment.title[:1].lower()}{moment.title[1:]}")
        if stored := moment.of(arm):
            drawn.append(_matrix(ax, stored[0][_COSINES]))
        else:
            empty(ax, "not stored")
    bar = axes[0, 0].get_figure(root=False).colorbar(drawn[0], ax=axes, pad=0.02, aspect=28)
    bar.outline.set_visible(False)
    bar.set_label("Cosine (dimensionless)")
    return figure


def _matrix(ax: Axes, cosines: np.ndarray) -> AxesImage:
    side = round(len(cosines) ** 0.5)
    ax.grid(visible=False)
    return ax.imshow(cosines.reshape(side, side), cmap="RdBu_r", vmin=-1, vmax=1, interpolation="nearest")
