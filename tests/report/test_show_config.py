import html
import re
from pathlib import Path
from typing import Any

import yaml

from plasticity.report.show_config import show_config
from plasticity.studies.configuration import load_config

ROOT = Path(__file__).parents[2]


def _shown(config: dict[str, Any], output: Path) -> dict[str, Any]:
    show_config(config, output)
    (body,) = re.findall(r"<pre>(.*)</pre>", output.read_text(encoding="utf-8"), flags=re.DOTALL)
    assert "<" not in body
    return yaml.safe_load(html.unescape(body))


def test_the_page_is_the_whole_configuration_in_its_order(tmp_path: Path) -> None:
    config = load_config(yaml.safe_load((ROOT / "config.yaml").read_text(encoding="utf-8")), root=ROOT)
    found = _shown(config, tmp_path / "config.html")
    assert found == config
    assert list(found["warm_start"]) == list(config["warm_start"])
    assert list(found["warm_start"]["arms"]) == list(config["warm_start"]["arms"])


def test_defaults_that_were_filled_in_are_shown(tmp_path: Path) -> None:
    given = yaml.safe_load((ROOT / "config.yaml").read_text(encoding="utf-8"))
    assert "layer_norm" not in given["warm_start"]["model"]
    found = _shown(load_config(given, root=ROOT), tmp_path / "config.html")
    assert found["warm_start"]["model"]["layer_norm"] is False


def test_signs_of_html_braces_and_other_alphabets_survive(tmp_path: Path) -> None:
    config = {"label": "λ < 1 & {β} > 0 </pre>", "values": [None, 1e-05, True], "nested": {"b": 1, "a": 2}}
    assert _shown(config, tmp_path / "config.html") == config
    text = (tmp_path / "config.html").read_text(encoding="utf-8")
    assert "λ &lt; 1 &amp; {β} &gt; 0" in text
    assert "body { margin" in text
