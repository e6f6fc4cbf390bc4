"""Settings of Sphinx; ``make docs`` builds the pages into ``docs/_build``."""

import sys
from pathlib import Path

from neurop import __version__

sys.path.insert(0, str(Path(__file__).parent / "_extensions"))

project = "neurop"
author = "The neurop authors"
copyright = "The neurop authors"
release = version = __version__
extensions = [
    "sphinx.ext.autodoc",
    "sphinx.ext.autosummary",
    "sphinx.ext.napoleon",
    "myst_parser",
    "sphinx_copybutton",
    "configuration",
    "included",
    "llms",
    "mathml",
    "names",
]
exclude_patterns = ["_build", "_extensions"]
templates_path = ["_templates"]
suppress_warnings = ["myst.header"]  # an included file may start below a first heading

highlight_language = "none"  # of blocks that name no language, such as printed tables

html_theme = "furo"
html_title = f"neurop {release}"
html_short_title = "Neural-operator surrogates for partial differential equations"
html_static_path = ["_static"]
html_css_files = ["neurop.css"]
html_math_renderer = "mathml"
html_copy_source = True
html_show_sphinx = False

myst_enable_extensions = ["dollarmath", "deflist", "attrs_inline"]
myst_heading_anchors = 3
copybutton_prompt_text = r">>> |\.\.\. |\$ "
copybutton_prompt_is_regexp = True

autosummary_generate = True
autodoc_member_order = "bysource"
autodoc_typehints = "none"  # the texts of the parameters say what they are
napoleon_custom_sections = ["Shape"]
napoleon_use_rtype = False

nitpicky = True
# Names of other packages, words of NumPy docstrings that are no names, and modules without a page.
nitpick_ignore_regex = [("py:.*", r"(?!neurop\.).*"), ("py:mod", r"neurop\..*")]
