"""The website: sphinx-build docs docs/_build/html

pages.py makes its pages from README.md, notes/, and codes/, which stay the only source.
"""

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent))
import pages

project = 'Intro to PyTorch'
author = copyright = 'the authors of Intro to PyTorch'
extensions = ['myst_nb', 'sphinx_copybutton']
exclude_patterns = ['_build', 'notebooks', 'README.md']  # pages.py copies README.md
smartquotes = False  # otherwise --epochs becomes an en dash and epochs

myst_enable_extensions = ['colon_fence', 'attrs_block']
myst_heading_anchors = (
    4  # [links to headings](losses.md#like-this-one) work as on GitHub
)
nb_execution_mode = 'off'  # pages.py has run them
nb_merge_streams = True
nb_output_stderr = 'remove'  # where torch logs what it finds on this machine
copybutton_selector = '.cell_input pre, div.highlight:not(.cell_output *) > pre'

html_theme = 'furo'
pygments_dark_style = 'github-dark'
html_title = project
html_static_path = ['static']
html_css_files = ['course.css']
html_js_files = ['course.js']
html_favicon = 'static/icon.svg'
html_copy_source = False
html_use_index = False
html_show_sphinx = False


def setup(app):
    app.connect('builder-inited', lambda _: pages.write())
