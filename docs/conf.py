"""Settings of Sphinx. The pages are put together by `assemble.py` into `_build/source`; `make docs` runs both."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import tamoxres

project = "tamoxres"
author = "tamoxres developers"
project_copyright = "tamoxres developers"
version = release = tamoxres.__version__

extensions = ["sphinx.ext.autodoc", "numpydoc", "myst_nb", "sphinx_design"]
exclude_patterns: list[str] = []
root_doc = "index"
suppress_warnings: list[str] = []

nb_execution_mode = "off"  # notebooks are stored with their outputs; the tests run them
myst_enable_extensions = ["colon_fence", "deflist"]
myst_heading_anchors = 3
autodoc_typehints = "none"  # the docstrings say types in words
autodoc_member_order = "bysource"
numpydoc_show_class_members = False
numpydoc_class_members_toctree = False

html_theme = "pydata_sphinx_theme"
html_title = "tamoxres"
html_static_path = ["_static"]
html_context = {"default_mode": "auto"}
html_show_sourcelink = False
html_copy_source = False
html_theme_options = {
    "navigation_with_keys": False,
    "collapse_navigation": True,  # its toggles have no name for a screen reader
    "show_prev_next": False,
    "secondary_sidebar_items": ["page-toc"],
    "footer_start": ["copyright"],
    "footer_end": [],
    "pygments_light_style": "a11y-high-contrast-light",
    "pygments_dark_style": "a11y-high-contrast-dark",
}

html_favicon = "_static/icon.svg"
_MENDED = {  # what the theme and stored notebooks leave without a name, or out of the keyboard's reach
    '<summary><span class="toctree-toggle"': '<summary aria-label="Pages below"><span class="toctree-toggle"',
    "<th></th>": "<td></td>",
    '<figure class="tamoxres-table">': '<figure class="tamoxres-table" tabindex="0">',
}


def _mend(app: Any, error: Exception | None) -> None:
    """Mend the written pages."""
    for file in Path(app.outdir).rglob("*.html") if error is None else ():
        text = file.read_text(encoding="utf-8")
        mended = text
        for before, after in _MENDED.items():
            mended = mended.replace(before, after)
        if mended != text:
            file.write_text(mended, encoding="utf-8")


def setup(app: Any) -> None:
    """Mend the pages when they are written."""
    app.connect("build-finished", _mend)
