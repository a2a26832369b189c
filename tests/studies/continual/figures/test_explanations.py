from dataclasses import replace

import numpy as np

from plasticity.studies.continual.figures.explanations import draw

SCOPES = ("within_run", "across_seeds", "across_arms")


def test_points_bars_and_the_rival_are_those_of_the_table(permuted, style):
    tables = permuted(tasks=8)
    figure, table = draw(tables, style), tables.explanations.set_index(["scope", "quantity"])
    names = [text.get_text().replace(" ", "_").lower() for text in figure.axes[0].get_yticklabels()]
    assert names == table.loc["across_arms", "skill"].drop("task").sort_values(ascending=False).index.tolist()
    for ax, scope in zip(figure.axes, SCOPES, strict=True):
        found = {name: value for line in ax.lines for name, value in _points(line, names)}
        for name in names:
            assert found[name] == max(table.loc[(scope, name), "skill"], -0.25)
        (rival,) = [line for line in ax.lines if line.get_label() == "number of the task"]
        assert np.asarray(rival.get_xdata())[0] == table.loc[(scope, "task"), "skill"]


def _points(line, names):
    if not str(line.get_label()).startswith("quantity"):
        return []
    return [(names[int(y)], x) for x, y in zip(line.get_xdata(), line.get_ydata(), strict=True)]


def test_filled_points_gain_after_the_correction(permuted, style):
    tables = permuted(tasks=8)
    rows = tables.explanations.assign(gain=0.1, p_adjusted=0.2)
    rows.loc[rows["quantity"].eq("nc2"), "p_adjusted"] = 0.01
    figure = draw(replace(tables, explanations=rows), style)
    for ax in figure.axes:
        (filled,) = [line for line in ax.lines if line.get_label() == "quantity that improves on it"]
        names = [text.get_text().lower() for text in figure.axes[0].get_yticklabels()]
        assert [names[int(y)] for y in np.asarray(filled.get_ydata())] == ["nc2"]


def test_wide_intervals_are_pale_and_what_adds_to_declared_quantities_has_a_ring(permuted, style):
    tables = permuted(tasks=8)
    rows = tables.explanations.assign(skill=0.2, skill_low=0.1, skill_high=0.3, p_adjusted=0.2, gain_beyond=np.nan)
    rows.loc[rows["quantity"].eq("nc2"), ["skill_low", "skill_high"]] = [-0.5, 0.9]
    columns = ["gain_beyond", "gain_beyond_low", "gain_beyond_high", "p_value_beyond"]
    rows.loc[rows["quantity"].eq("nc3"), columns] = [0.3, 0.2, 0.4, 0.01]
    declared = tables.analysis.overridden({"beyond": ["nc1"]})
    figure = draw(replace(tables, explanations=rows, analysis=declared), style)
    names = [text.get_text().lower() for text in figure.axes[0].get_yticklabels()]
    for ax in figure.axes:
        assert ax.get_xlim()[1] == 0.52  # the wide one does not stretch the axis
        marked = {line.get_label(): [names[int(y)] for y in np.asarray(line.get_ydata())] for line in ax.lines[2:]}
        assert marked["quantity with an interval wider than 1"] == ["nc2"]
        assert marked["adds to the declared ones"] == ["nc3"]
    assert "Interval wider than 1, drawn pale: 3." in figure.get_supxlabel()


def test_scopes_in_which_nothing_is_predicted_have_no_panel(permuted, style):
    tables = permuted(tasks=8)
    rows = tables.explanations.assign(n_arms=1)
    rows.loc[rows["scope"].eq("across_arms"), ["skill", "skill_low", "skill_high"]] = np.nan
    figure = draw(replace(tables, explanations=rows), style)
    assert [ax.get_title(loc="left").strip() for ax in figure.axes] == ["Other tasks", "Another seed"]
    names = [text.get_text().replace(" ", "_").lower() for text in figure.axes[0].get_yticklabels()]
    skills = rows.set_index(["scope", "quantity"]).loc["across_seeds", "skill"].drop("task")
    assert names == skills.sort_values(ascending=False).index.tolist()
    assert "; 1 arm, " in figure.get_supxlabel()


def test_no_losses_are_told(permuted, style):
    tables = permuted()
    figure = draw(replace(tables, explanations=tables.explanations.iloc[:0]), style)
    assert "No losses on later tasks." in figure.get_supxlabel()
