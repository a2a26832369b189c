"""Falsification.

Slope of probe loss on each quantity at the agents' last checkpoints, by environment and, where there are several, by
network, with t intervals over {{ seeds }} at {{ confidence }} (jackknife). The row *all* compares the signs.
"""

import pandas as pd

from plasticity.report.html_tables import interval_text

TABLES = ("falsification",)
NOTE = (
    "Probe loss per standard deviation of the quantity, over the agents of the group. p is corrected by Holm's method "
    "for all quantities and groups of a kind. A quantity is falsified as the cause of lost plasticity if its slope is "
    "significantly positive in one group and significantly negative in another."
)


def rows(table: pd.DataFrame, labels: dict[str, str]) -> pd.DataFrame:
    """Return the tests as text.

    Args:
        table: The "falsification" table.
        labels: What the report calls each arm.
    """
    del labels
    found = []
    for row in table.to_dict("records"):
        text = {
            "quantity": row["quantity"].replace("_", " "),
            "by": row["kind"],
            "group": row["group"].replace("_", " "),
        }
        slope = interval_text(row["slope"], row["ci_low"], row["ci_high"], row["note"])
        p_value = "–" if pd.isna(row["p_adjusted"]) else f"{row['p_adjusted']:.3g}"
        counts = {"agents": row["n_agents"], "seeds": row["n_seeds"], "excluded": row["n_excluded"]}
        found.append({**text, "slope": slope, "p (Holm)": p_value, "verdict": row["verdict"], **counts})
    columns = ["quantity", "by", "group", "slope", "p (Holm)", "verdict", "agents", "seeds", "excluded"]
    return pd.DataFrame(found, columns=columns)
