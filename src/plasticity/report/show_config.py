"""Stage: the configuration of the run, presets merged, for the report."""

import html
import json
from pathlib import Path
from typing import Any

import yaml

from plasticity.jobs.adapter import Job
from plasticity.storage.files import atomic_path

_PAGE = (
    '<!doctype html><html lang="en"><head><meta charset="utf-8"><title>Configuration</title>'
    "<style>body {{ margin: 1.5rem; }} pre {{ font: 13px/1.5 ui-monospace, monospace; }}</style></head>"
    "<body><pre>{text}</pre></body></html>\n"
)


def run(job: Job) -> None:
    """Write the page of the configuration."""
    show_config(json.loads(job.params["config"]), job.output["page"])


def show_config(config: dict[str, Any], output: Path) -> None:
    """Write the checked configuration as a page of YAML, in the order of its keys."""
    text = yaml.safe_dump(config, sort_keys=False, allow_unicode=True, width=100)
    with atomic_path(output) as temporary:
        temporary.write_text(_PAGE.format(text=html.escape(text)), encoding="utf-8")
