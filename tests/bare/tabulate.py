"""A learner's environment has no tabulate. Where the site's packages brought it, torch
imports it at the end of a stopped run, and Python forgets that the run was stopped."""

raise ImportError('a learner has no tabulate')
