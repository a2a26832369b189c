from pathlib import Path

import pytest

from plasticity.config.findings import ConfigError
from plasticity.config.repeated import refuse_repeated_keys

ROOT = Path(__file__).parents[2]


def test_a_key_that_stands_twice_is_named_with_both_lines(tmp_path: Path) -> None:
    path = tmp_path / "own.yaml"
    path.write_text("warm_start:\n  arms:\n    wd: {a: 1}\n    other: [{b: 1, b: 2}]\n    wd: {a: 2}\n", "utf-8")
    with pytest.raises(ConfigError) as caught:
        refuse_repeated_keys([path])
    assert caught.value.violations == (
        f"{path}: expected every key once, got 'b' in lines 4 and 4",
        f"{path}: expected every key once, got 'wd' in lines 3 and 5",
    )


def test_shipped_configurations_and_files_that_others_refuse_pass(tmp_path: Path) -> None:
    broken = tmp_path / "broken.yaml"
    broken.write_text("a: [1", "utf-8")
    refuse_repeated_keys([ROOT / "config.yaml", *(ROOT / "config").glob("*.yaml"), broken, tmp_path / "none.yaml"])
    shared = tmp_path / "shared.yaml"
    shared.write_text("one: &one {a: 1}\ntwo: {<<: *one, b: 2}\nthree: {a: 1}\n", "utf-8")
    refuse_repeated_keys([shared])
