"""Spectrum of the Hessian before and after training.

Density of the Hessian's eigenvalues at the initialisation and at the last checkpoint at which it was stored, on a
logarithmic axis: for a network with n parameters, a share of 1/n is one eigenvalue. Lines are means over {{ n }} of
spectra, exact for small networks and stochastic Lanczos estimates for others, each node a normal distribution as wide
as 0.5 % of the axis. Arms that start from the same weights have the same line at the initialisation; only one of them
is then visible. The Hessian is that of the mean loss on images of the task: the cross-entropy, or the squared error of
outputs that are values or actions.

Counterpart of Figure 2 (left) of Lyle et al. (2023, arXiv:2303.01486). They compare gradient descent with Brownian
motion of the same step lengths in deep Q-learning, after five updates of the target network.
"""

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from plasticity.report.figures.axes import log_y
from plasticity.report.figures.layout import arm_legend, empty, label_axes, panel, write_notes
from plasticity.report.figures.stored import Moment
from plasticity.report.figures.study_tables import StudyTables
from plasticity.report.figures.style import Style

TABLES = ("metrics",)

_NODES, _WEIGHTS = "hessian_nodes", "hessian_weights"
_POINTS = 600
_WIDTH = 0.005  # of a node, as a share of the axis
_LEAST = 1e-9  # weights below this are rounding
_DECADES = 7  # below its top in which the density is shown


def draw(tables: StudyTables, style: Style) -> Figure:
    """Draw the densities at the first and at the last moment, a line per arm."""
    found = tables.moments((_NODES, _WEIGHTS))
    shown = [found[0], found[-1]] if len(found) > 1 else found
    figure, axes = style.figure(1, max(1, len(shown)), height=2.6, sharex=True, sharey=True)
    label_axes(axes, x="Eigenvalue (dimensionless)", y="Density (dimensionless)")
    write_notes(figure, tables.exclusions())
    if not shown:
        panel(axes[0, 0], 0, "Spectrum")
        empty(axes[0, 0], "no spectrum stored (measure.curvature.hessian.keep)")
        return figure
    grid = _grid(shown)
    for place, (ax, moment) in enumerate(zip(axes[0], shown, strict=True)):
        panel(ax, place, moment.title)
        _draw_moment(ax, tables, moment, grid)
    top = max(float(np.max(line.get_ydata())) for ax in axes[0] for line in ax.lines)
    log_y(axes[0, 0], np.log10(top) - _DECADES, np.log10(top) + 0.3)
    arm_legend(figure, tables)
    return figure


def _grid(shown: list[Moment]) -> np.ndarray:
    """Return eigenvalues that reach from the smallest to the largest node."""
    stored = [each for moment in shown for each in moment.values.values()]
    nodes = np.concatenate([each[_NODES][each[_WEIGHTS] > _LEAST] for each in stored])
    spare = 4 * _WIDTH * np.ptp(nodes)
    return np.linspace(nodes.min() - spare, nodes.max() + spare, _POINTS)


def _draw_moment(ax: Axes, tables: StudyTables, moment: Moment, grid: np.ndarray) -> None:
    for arm in tables.networks:
        if stored := moment.of(arm):
            density = np.mean([_density(each[_NODES], each[_WEIGHTS], grid) for each in stored], axis=0)
            look = tables.styles[arm]
            ax.plot(grid, density, color=look.color, linestyle=look.linestyle, linewidth=1, label=arm)


def _density(nodes: np.ndarray, weights: np.ndarray, grid: np.ndarray) -> np.ndarray:
    """Return the density on the grid; the weights of each Lanczos run have the sum 1."""
    width = _WIDTH * np.ptp(grid)
    kernel = np.exp(-(((grid[:, None] - nodes) / width) ** 2) / 2) / (width * np.sqrt(2 * np.pi))
    return kernel @ weights / weights.sum()
