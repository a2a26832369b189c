"""The profile for a cluster asks for what rules need, by the names that they have."""

import re
from pathlib import Path

import yaml

ROOT = Path(__file__).parents[2]


def test_profile_names_rules_that_are_there_and_all_that_take_long() -> None:
    text = "\n".join(path.read_text(encoding="utf-8") for path in sorted((ROOT / "workflow/rules").glob("*.smk")))
    rules = dict(re.findall(r"^rule (\w+):\n(.*?)(?=^rule |\Z)", text, flags=re.DOTALL | re.MULTILINE))
    named = yaml.safe_load((ROOT / "slurm/config.yaml").read_text(encoding="utf-8"))["set-resources"]
    assert named.keys() <= rules.keys()
    assert {name for name, body in rules.items() if "runtime=1440" in body} <= named.keys()
    assert {name for name, asked in named.items() if asked.get("gpu") == 0} == {
        *("correlate", "train_policy", "measure_policies")  # which compute on the CPU
    }
