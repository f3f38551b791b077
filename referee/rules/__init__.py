"""The rules, by theme. RULES has all of them, in the order of the report."""

from . import data, evaluation, files, loss, model, numbers, probes, sequences, step
from .base import Rule

THEMES = (data, model, loss, step, evaluation, numbers, sequences, probes, files)
RULES = [
    rule
    for theme in (
        data,
        model,
        loss,
        step,
        evaluation,
        numbers,
        sequences,
        probes,
        files,
    )
    for rule in vars(theme).values()
    if isinstance(rule, type)
    and issubclass(rule, Rule)
    and rule.__module__ == theme.__name__
    and rule.name is not None
]
