"""What several files of tests get: a fake source of MNIST, args, a copy, photos."""

import gzip
import hashlib
import http.server
import sys
import threading

import pytest
from course import REAL, ROOT, SYNTHETIC_DATA, as_before, install, isolate, shorten

sys.path[:0] = [str(ROOT), str(ROOT / 'exercises')]
isolate()  # before torch is imported, which reads some variables then

import numpy as np
from PIL import Image
from torchvision import datasets

import helper

LONGEST = [  # with -n 2, one process would be left alone with one that begins late
    'test_lessons.py',
    'test_tries.py',
    'test_site.py',
    'test_referee_command.py',
    'test_program.py',
    'test_referee.py',
    'test_gpu.py',
    'test_endings.py',
    'test_processes.py',
    'test_bugs.py',
    'test_exercises.py',
    'test_figures.py',
]


def pytest_collection_modifyitems(items):
    def place(item):
        name = item.path.name
        return LONGEST.index(name) if name in LONGEST else len(LONGEST)

    items.sort(key=place)
    for item in items:
        if item.get_closest_marker('real') and not REAL:
            item.add_marker(pytest.mark.skip(reason='COURSE_DATA names no folder'))


@pytest.fixture
def args(monkeypatch, tmp_path):
    """What a lesson gets with --device cpu --figures save, and an empty data folder."""
    monkeypatch.setattr(
        sys,
        'argv',
        [
            'lesson.py',
            '--device',
            'cpu',
            '--figures',
            'save',
            '--data-dir',
            str(tmp_path / 'data'),
        ],
    )
    with as_before():
        return helper.parse_args(epochs=3, lr=0.001)


@pytest.fixture
def installed(tmp_path):
    """A copy of the course, to be spoiled."""
    return install(tmp_path / 'the course')


@pytest.fixture(scope='session')
def few_images(tmp_path_factory):
    """A folder of synthetic data with 256 images to train, 300 to test, few photos.

    It takes the place of helper.SYNTHETIC where a test does without accuracy.
    """
    folder = install(tmp_path_factory.mktemp('few') / 'course')
    shorten(folder, 256)
    shorten(folder, 300, part='t10k')
    for part in folder.glob('data/synthetic/Cat_Dog_data/*/*'):
        for path in sorted(part.iterdir())[6:]:
            path.unlink()
    return folder / 'data/synthetic'


@pytest.fixture
def photo():
    """A function that draws a photo of noise, the same for the same name.

    Its large shapes differ from those of all others, so none is a near copy.
    """

    def draw(path, colour=(200, 30, 30), size=(40, 50), mode='RGB', **more):
        path.parent.mkdir(parents=True, exist_ok=True)
        rng = np.random.default_rng(list(str(path).encode()))
        noise = rng.integers(-20, 20, (size[1], size[0], 3)) + np.array(colour)
        shapes = rng.integers(-60, 60, (6, 6, 3))
        shapes = np.repeat(np.repeat(shapes, size[1] // 6 + 1, 0), size[0] // 6 + 1, 1)
        noise = noise + shapes[: size[1], : size[0]]
        image = Image.fromarray(noise.clip(0, 255).astype(np.uint8))
        image.convert(mode).save(path, **more)

    return draw


@pytest.fixture
def tree(tmp_path, photo):
    """A prepared folder of two classes, six photos of each to train, three to test."""
    for part, count in (('train', 6), ('test', 3)):
        for name, colour in (('blue fish', (20, 30, 200)), ('røv', (200, 30, 30))):
            for i in range(count):
                photo(tmp_path / 'photos' / part / name / f'{i}.jpg', colour)
    return tmp_path / 'photos'


class Source(http.server.BaseHTTPRequestHandler):
    """Serves the stand-in's files as MNIST's, or fails as `self.server.fault` says."""

    def do_GET(self):
        fault, body = self.server.fault, self.server.files.get(self.path[1:], b'')
        if fault == 'silent':
            self.server.end.wait(60)
        elif isinstance(fault, int):
            self.send_error(fault)
        elif fault == 'loop':
            self.send_response(302)
            self.send_header('Location', self.path)
            self.end_headers()
        else:
            if fault == 'wrong bytes':
                body = bytes(len(body))
            elif fault == 'html':
                body = b'<html>Please log in to this network</html>'
            self.send_response(200)
            self.send_header('Content-Length', len(body))
            self.end_headers()
            self.wfile.write(body[: len(body) // 2] if fault == 'half' else body)

    def log_message(self, *_):
        pass


@pytest.fixture
def source(monkeypatch):
    """A server on this machine to which the sources of MNIST point."""
    for name in ('http_proxy', 'https_proxy', 'HTTP_PROXY', 'HTTPS_PROXY'):
        monkeypatch.delenv(name, raising=False)
    server = http.server.ThreadingHTTPServer(('127.0.0.1', 0), Source)
    server.daemon_threads, server.fault, server.end = True, None, threading.Event()
    server.files = {
        f'{path.name}.gz': gzip.compress(path.read_bytes(), 1)
        for path in (SYNTHETIC_DATA / 'MNIST/raw').iterdir()
    }
    sums = [
        (name, hashlib.md5(data).hexdigest()) for name, data in server.files.items()
    ]
    monkeypatch.setattr(datasets.MNIST, 'resources', sums)
    url = f'http://127.0.0.1:{server.server_port}/'
    monkeypatch.setattr(datasets.MNIST, 'mirrors', [url])
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield server
    server.end.set()
    server.shutdown()
