"""Write the notes, the start page and the notebooks of the site, and run no lesson.

Run it in the folder of the course: python tests/programs/write_pages.py
"""
import sys
from pathlib import Path

sys.path.insert(0, str(Path.cwd() / 'docs'))
import pages

import notebooks


class Client:
    """Takes the place of the one that would run a notebook."""

    def __init__(self, *_, **__):
        pass

    def execute(self):
        pass


pages.NotebookClient = Client
pages.write()
notebooks.write(pages.DOCS / 'notebooks')
