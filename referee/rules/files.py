"""What is written to files and read from them."""

from torch import nn

from ..run import called_from_library, frames
from .base import Rule, on


def saved(args, kwargs):
    return args[0] if args else kwargs.get('obj')


class Copied(Rule):
    name = 'copy'
    advice = 'Keep a copy of the best weights.'
    what = (
        'load_state_dict loaded the weights that the model already had, because no '
        'copy of the best ones was kept'
    )
    fix = (
        'Keep copy.deepcopy(model.state_dict()), because state_dict() refers to the '
        'weights themselves, which change with every step'
    )
    lesson = '16'

    @on('load_state_dict')
    def load(self, args, kwargs):
        model = args[0]
        state = args[1] if len(args) > 1 else kwargs.get('state_dict')
        if not hasattr(state, 'items'):
            return
        own = model.state_dict()
        same = [
            own[name].data_ptr() == value.data_ptr() != 0
            for name, value in state.items()
            if name in own and hasattr(value, 'data_ptr')
        ]
        if same and all(same):
            self.say()


class NoKeyFits(Rule):
    name = 'keys'
    advice = 'Load weights whose names are those of the model.'
    what = 'Nothing was loaded: the model has none of the {} names in the state_dict'
    fix = (
        'Rename the keys (a wrapper such as DataParallel puts "module." in front of '
        'them), and load without strict=False, which hides the error'
    )
    lesson = '17'

    @on('load_state_dict')
    def load(self, args, kwargs):
        strict = args[2] if len(args) > 2 else kwargs.get('strict', True)
        state = args[1] if len(args) > 1 else kwargs.get('state_dict')
        if strict or not hasattr(state, 'keys'):
            return
        own = set(args[0].state_dict())
        given = set(state.keys())
        if own and given and not own & given:
            self.say(len(given))


class WholeModel(Rule):
    name = 'whole'
    advice = 'Save the `state_dict`, not the model.'
    what = (
        'torch.save wrote the whole model, so loading it needs the same class in the '
        'same module, and torch.load refuses the file by default'
    )
    fix = 'Use torch.save(model.state_dict(), path)'
    lesson = '17'

    @on('save')
    def save(self, args, kwargs):
        if isinstance(saved(args, kwargs), nn.Module) and frames():
            self.say()


def name_of(file):
    """The name of a file, given by its name or as an open file."""
    return str(getattr(file, 'name', file))


class NoMapLocation(Rule):
    name = 'place'
    advice = 'Load with `map_location`.'
    what = "torch.load without map_location fails where the file's device is missing"
    fix = 'Use torch.load(path, map_location=device)'
    lesson = '17'

    def start(self):
        self.written = set()

    @on('save')
    def save(self, args, kwargs):
        file = args[1] if len(args) > 1 else kwargs.get('f')
        self.written.add(name_of(file))

    @on('load')
    def load(self, args, kwargs):
        found = frames()
        if not found or called_from_library():
            return
        cares = any(
            'device' in frame.f_locals or hasattr(frame.f_locals.get('args'), 'device')
            for frame in found
        )
        missing = len(args) < 2 and kwargs.get('map_location') is None
        file = args[0] if args else kwargs.get('f')
        if cares and missing and name_of(file) not in self.written:
            self.say()


class Unsafe(Rule):
    name = 'unsafe'
    advice = 'Load with `weights_only=True`.'
    what = 'torch.load may run any program that is in the file'
    fix = 'Use weights_only=True'
    lesson = '17'

    @on('load')
    def load(self, args, kwargs):
        if kwargs.get('weights_only') is False and not called_from_library():
            self.say()
