import os
import sys

import pytest
from course import REAL, ROOT

sys.path.insert(0, str(ROOT))
os.environ['MPLBACKEND'] = 'agg'


def pytest_collection_modifyitems(items):
    for item in items:
        if 'real' in item.keywords and not REAL:
            item.add_marker(pytest.mark.skip(reason='COURSE_DATA names no folder'))


def pytest_terminal_summary(terminalreporter):
    tried = [report for report in terminalreporter.stats.get('passed', [])
             if ('fault', True) in report.user_properties]
    if tried:
        terminalreporter.write_line(f'{len(tried)} faults tried')
