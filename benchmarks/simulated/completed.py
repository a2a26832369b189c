"""Tables with all columns of their schema, in one step."""

from typing import Any

import pandas as pd

from plasticity.storage.schemas import SCHEMAS


def completed(columns: dict[str, Any], schema: str) -> pd.DataFrame:
    """Return a table of the columns, with the schema's other numbers missing and its other flags false."""
    kinds = {"int": float("nan"), "float": float("nan"), "bool": False}
    rest = {each.name: kinds[each.kind] for each in SCHEMAS[schema] if each.kind in kinds}
    return pd.DataFrame({**rest, **columns})
