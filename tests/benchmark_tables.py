"""Tables of what jobs took."""

import numpy as np
import pandas as pd

from plasticity.storage.schemas import SCHEMAS

COLUMNS = [column.name for column in SCHEMAS["benchmarks"]]


def jobs(*rows: dict[str, object]) -> pd.DataFrame:
    """Return a table of jobs; each takes 10 s, of which 4 s are its start-up, unless it says otherwise."""
    usual = {"study": "data", "stage": "prepare_data", "job": "", "run": 100.0, "started": 102.0, "ended": 112.0}
    usual |= {"wall_seconds": 10.0, "start_up_seconds": 4.0, "cpu_seconds": 8.0, "peak_memory_mib": 50.0}
    usual |= {"gpu_memory_mib": np.nan, "gpu_utilisation": np.nan}
    return pd.DataFrame([usual | row for row in rows], columns=COLUMNS)
