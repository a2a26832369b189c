"""Does `precision: fast` end where `exact` does? A small warm-start study on the embedded digits with both, per seed.

    python benchmarks/precision.py [--seeds 6]

Prints full test accuracy, epochs until it and NC1 after the warm-up, with their spread over seeds, and the paired
difference.
"""

import argparse
import tempfile
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from common import print_table

from plasticity.config.slices import FineTuneSettings, MeasureCollapseSettings, SplitSettings, WarmUpSettings
from plasticity.config.whole_run import DataSetSettings
from plasticity.stages.draw_split import draw_split
from plasticity.stages.fine_tune import FineTuneFiles, fine_tune
from plasticity.stages.measure_collapse import MeasureFiles, measure
from plasticity.stages.prepare import prepare
from plasticity.stages.warm_up import WarmUpFiles, warm_up
from plasticity.storage.checkpoints import seed_folder, trajectory_name
from plasticity.storage.tables import read_table

MODEL = {"name": "resnet18_narrow", "width": 16}
TRAINING = {"learning_rate": 0.02, "momentum": 0.0, "weight_decay": 0.0, "batch_size": 64}
WARM_UPS = {"plain": {"name": "none"}, "nc1_spread": {"name": "nc1", "weight": -0.05, "cap": 200}}
WARM_UP_EPOCHS, FINE_TUNE_EPOCHS, TEST_SIZE = 10, 15, None
OUTCOMES = {"full_test_accuracy": "full test accuracy", "fine_tune_epochs": "epochs to 99 %", "nc1": "NC1"}


def outcome(base: Path, seed: int, precision: str, penalty: str) -> dict[str, Any]:
    """Warm up, measure and fine-tune one network; return its row."""
    folder = base / f"{precision}-{penalty}-{seed}"
    split = base / f"split{seed}"
    given = {"model": MODEL, "precision": precision}
    files = WarmUpFiles(base / "data", folder / "trajectory", folder / "warm_up", {seed: split})
    training = {**TRAINING, "penalty": WARM_UPS[penalty]}
    settings = {**given, "warm_up": penalty, "training": training, "epochs": (WARM_UP_EPOCHS,)}
    warm_up(files, settings=WarmUpSettings.of(settings), threads=1, code="")
    ends = {"stop_accuracy": 0.99, "max_epochs": FINE_TUNE_EPOCHS}
    settings = {**given, "arm": penalty, "training": TRAINING, **ends, "test_size": TEST_SIZE}
    checkpoint = files.trajectory / seed_folder(seed) / trajectory_name(WARM_UP_EPOCHS)
    inputs = {(seed, WARM_UP_EPOCHS): checkpoint}, base / "data", {seed: split}
    tuned = FineTuneFiles(*inputs, folder / "outcomes", folder / "history", folder)
    fine_tune(tuned, settings=FineTuneSettings.of(settings), threads=1, code="")
    settings = {"start": penalty, "model": MODEL, "test_size": TEST_SIZE, "batch_size": 64}
    settings["measure"] = {"train_mode_nc1": False, "probe_images": 1}
    measured = MeasureFiles(*inputs, folder / "collapse")
    measure(measured, settings=MeasureCollapseSettings.of(settings), threads=1)
    row = (
        read_table(tuned.output, "fine_tune").iloc[0].to_dict()
        | read_table(measured.output, "collapse").iloc[0].to_dict()
    )
    return {"precision": precision, "penalty": penalty, "seed": seed, **{name: row[name] for name in OUTCOMES}}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seeds", type=int, default=6, help="how many seeds")
    arguments = parser.parse_args()
    rows = []
    with tempfile.TemporaryDirectory() as folder:
        base = Path(folder)
        prepare(DataSetSettings(name="digits", reader="digits"), base / "data")
        for seed in range(1, arguments.seeds + 1):
            split = SplitSettings(train_size=800, warm_up_fraction=0.5)
            draw_split(split, dataset=base / "data", seed=seed, output=base / f"split{seed}")
            rows += [outcome(base, seed, precision, penalty) for penalty in WARM_UPS for precision in ("exact", "fast")]
    frame = pd.DataFrame(rows)
    for name, title in OUTCOMES.items():
        wide = frame.pivot(index=["penalty", "seed"], columns="precision", values=name)
        table = []
        for penalty in WARM_UPS:
            of = wide.loc[penalty]
            difference = of["fast"] - of["exact"]
            spread = [f"{of[way].mean():.4f} ± {of[way].std():.4f}" for way in ("exact", "fast")]
            error = difference.std() / np.sqrt(len(difference))
            table.append([penalty, *spread, f"{difference.mean():+.4f} ± {error:.4f}"])
        head = ["warm-up", "exact", "fast", "fast − exact, standard error"]
        print_table(f"{title}: mean and standard deviation over {arguments.seeds} seeds", head, table)


if __name__ == "__main__":
    main()
