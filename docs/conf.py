"""How Sphinx builds this folder: `make docs`."""

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent / "_sphinx"))

import semcomm

project = "semcomm"
copyright = "the semcomm developers"
version = release = semcomm.__version__

extensions = ["myst_parser", "sphinx.ext.autodoc", "sphinx_click", "docstrings", "mathml"]
exclude_patterns = ["_build", "_sphinx"]

myst_enable_extensions = ["dollarmath"]
myst_heading_anchors = 3

default_role = "literal"  # docstrings put code in single backticks
autodoc_member_order = "bysource"
autodoc_typehints_format = "short"
autodoc_default_options = {"members": True}
smartquotes = False
python_use_unqualified_type_names = True

html_theme = "furo"
html_static_path = ["_static"]
html_css_files = ["semcomm.css"]
html_title = "semcomm"
html_copy_source = False
html_show_sphinx = False
html_math_renderer = "mathml"
