"""What a rule is."""


def on(*events):
    """Mark a method as the handler of events.

    An event is one of those that `run.py` fires, such as 'step', or 'before NAME' or
    'after NAME' with the name of a function of torch, such as 'after item'. 'loaded
    NAME' comes after one that a dataset calls to make the first batch of a loader.
    """

    def mark(method):
        method.events = events
        return method

    return mark


def listed(names, most=4):
    """The first names, with commas, and how many more there are."""
    names = list(names)
    text = ', '.join(names[:most])
    return f'{text}, and {len(names) - most} more' if len(names) > most else text


class Rule:
    """One kind of mistake, or of remark.

    name: what tests and `--json` call it
    advice: the rule itself, for the table in notes/referee.md
    what: a sentence of what happened; {} stands for details
    fix: what to do about it
    lesson: the number of the lesson about it, or None
    remark: the fact is certain, but somebody may mean it, so it's no mistake
    """

    name = None
    advice = None
    what = None
    fix = None
    lesson = None
    remark = False

    def __init__(self, run):
        self.run = run
        self.start()

    def start(self):
        """Make what the rule has to remember."""

    def say(self, *details, where=None):
        self.run.say(self, *details, where=where)

    def handlers(self):
        """{event: method} of this rule, as pairs."""
        for key in dir(type(self)):
            method = getattr(type(self), key)
            for event in getattr(method, 'events', ()):
                yield event, getattr(self, key)

    def sampled(self):
        """Does it look at some events of a kind only, to save time?"""
        return any(event.startswith('some ') for event, _ in self.handlers())

    def sentence(self, details):
        return self.what.format(*details)
