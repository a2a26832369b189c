"""The documentation site: `make docs` writes it to site/, without network."""

import plasticity.studies  # all settings are made before autodoc changes the annotations of pydantic's classes
from plasticity import __version__

project = "plasticity"
author = "The plasticity authors"
copyright = f"2026, {author}"
release = version = __version__

extensions = ["myst_parser", "sphinx.ext.autodoc", "sphinx.ext.napoleon", "sphinx_copybutton"]
exclude_patterns = ["**/notes.md"]
templates_path: list[str] = []

# Markdown as GitHub reads it: links to files and to headings.
myst_heading_anchors = 4
myst_links_external_new_tab = True
suppress_warnings = ["myst.header"]

autodoc_member_order = "bysource"
autodoc_default_options = {"exclude-members": "model_config"}  # of pydantic, the same everywhere
autodoc_typehints = "description"
autodoc_typehints_description_target = "documented"
napoleon_google_docstring = True
napoleon_numpy_docstring = False
napoleon_use_ivar = True

html_theme = "pydata_sphinx_theme"
html_title = "plasticity"
html_show_sourcelink = False
html_theme_options = {
    "navbar_align": "left",
    "navbar_end": ["theme-switcher"],
    "secondary_sidebar_items": ["page-toc"],
    "header_links_before_dropdown": 7,
    "show_prev_next": False,
    "footer_start": ["copyright"],
    "footer_end": [],
}
