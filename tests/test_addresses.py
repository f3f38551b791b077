"""The address of the repository: published without anybody's user, password, or token.

Each notebook and the start page say where to get the course. They take the address from
git's settings, where it can contain a secret: https://user:token@host/course.git is
what some CI services set, and what people write who don't want to type a password.
"""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT / 'docs'))
import notebooks

# What git has, and what is published.
PUBLIC = {
    'https://example.org/me/course.git': 'https://example.org/me/course.git',
    'https://example.org/me/course': 'https://example.org/me/course',
    'https://example.org/me/course/': 'https://example.org/me/course/',
    'https://example.org:8443/me/course.git': 'https://example.org:8443/me/course.git',
    'http://example.org/me/course.git': 'http://example.org/me/course.git',
    'https://example.org/~me/course_1%202.git': (
        'https://example.org/~me/course_1%202.git'
    ),
    'git@example.org:me/course.git': 'https://example.org/me/course.git',
    'git@example.org:/me/course.git': 'https://example.org/me/course.git',
    'ssh://git@example.org/me/course.git': 'https://example.org/me/course.git',
    'ssh://git@example.org:2222/me/course.git': 'https://example.org/me/course.git',
}

# The same with secrets. All of them become CLEAN.
CLEAN = 'https://example.org/me/course.git'
SECRET = [
    'https://SECRET@example.org/me/course.git',
    'https://me:SECRET@example.org/me/course.git',
    'https://gitlab-ci-token:SECRET@example.org/me/course.git',
    'https://x-access-token:SECRET@example.org/me/course.git',
    'https://:SECRET@example.org/me/course.git',
    'https://SECRET:@example.org/me/course.git',
    'https://me:SECRET@SECRET@example.org/me/course.git',
    'https://me@SECRET:SECRET@example.org/me/course.git',
    'https://me:SECRET%40SECRET@example.org/me/course.git',
    'HTTPS://me:SECRET@example.org/me/course.git',
    'ssh://git:SECRET@example.org/me/course.git',
    'ssh://git:SECRET@example.org:2222/me/course.git',
]

# What nobody else can use, and what could still contain a secret.
HIDDEN = [
    '',
    '/home/me/course',
    '../course',
    'course',
    '~/course',
    r'C:\Users\me\course',
    'C:/Users/me/course',
    r'\\server\share\course',
    'file:///home/me/course',
    'git://example.org/me/course.git',
    'ftp://me:SECRET@example.org/me/course.git',
    'ext::ssh me@example.org course',
    'codecommit://SECRET@course',
    'me@example.org:course.git',
    'example.org:me/course.git',
    'work:me/course.git',
    'ssh://example.org/me/course.git',
    'ssh://me@example.org/home/me/course.git',
    'ssh://me:SECRET@example.org/home/me/course.git',
    'https://',
    'https:///me/course.git',
    'https://example.org',
    'https://me:SECRET@',
    'https://me:1/SECRET@example.org/me/course.git',
    'https://me:1#SECRET@example.org/me/course.git',
    'https://me:1?SECRET@example.org/me/course.git',
    'https://me:SECRET/1@example.org/me/course.git',
    'https://me:SECRET#1@example.org/me/course.git',
    'https://me:SECRET?1@example.org/me/course.git',
    'https://example.org/me/course.git?private_token=SECRET',
    'https://example.org/me/course.git#SECRET',
    'https://example.org/me:SECRET@example.org/course.git',
    'https://[SECRET/course.git',
    'https://example.org/me/course.git; rm -rf SECRET',
    "https://example.org/me/'+SECRET+'.git",
    'https://example.org/$(SECRET)/course.git',
    'git@example.org:me/course.git?token=SECRET',
    'git@example.org:me:SECRET@example.org/course.git',
    'git@example.org:',
]


@pytest.mark.parametrize('url', PUBLIC)
def test_a_public_address_is_published(url):
    address = notebooks.public_address(url)
    assert address == PUBLIC[url], f'{url} was published as {address}'


@pytest.mark.parametrize('url', SECRET)
def test_user_and_password_are_stripped(url):
    address = notebooks.public_address(url)
    assert address == CLEAN, f'{url} was published as {address}'


@pytest.mark.parametrize('url', HIDDEN)
def test_what_is_not_surely_public_is_not_published(url):
    address = notebooks.public_address(url)
    assert address == notebooks.PLACEHOLDER, f'{url} was published as {address}'


def test_the_placeholder_is_in_the_readme():
    text = (ROOT / 'README.md').read_text(encoding='utf-8')
    assert f'git clone {notebooks.PLACEHOLDER} ' in text, (
        f'README.md must say `git clone {notebooks.PLACEHOLDER}`, so that the start '
        'page can put the address there'
    )


@pytest.fixture
def cloned(tmp_path, monkeypatch):
    """A copy of the course whose git settings have an address with a token."""
    if not shutil.which('git'):
        pytest.skip('git is not installed')
    for name in ('GIT_CONFIG_GLOBAL', 'GIT_CONFIG_SYSTEM'):  # not the settings of here
        monkeypatch.setenv(name, os.devnull)
    course = tmp_path / 'course'
    course.mkdir()
    for name in ('codes', 'notes', 'exercises', 'docs', 'data'):
        ignore = shutil.ignore_patterns('_build', 'lessons', 'synthetic', 'raw')
        shutil.copytree(ROOT / name, course / name, ignore=ignore)
    for name in ('README.md', 'CONTRIBUTING.md'):
        shutil.copy(ROOT / name, course)
    address = 'https://me:SECRET@example.org/me/course.git'
    for command in (['init', '-q'], ['remote', 'add', 'origin', address]):
        subprocess.run(['git', *command], cwd=course, check=True)
    return course


def written(course, program, pattern):
    """Run a program in the folder of the course; return the text of the files that it
    wrote."""
    env = {**os.environ, 'PYTHONPATH': str(course / 'docs'), 'COURSE_DATA': ''}
    command = [sys.executable, '-c', program]
    result = subprocess.run(
        command, cwd=course, env=env, capture_output=True, encoding='utf-8'
    )
    assert result.returncode == 0, result.stderr
    return [path.read_text(encoding='utf-8') for path in course.glob(pattern)]


def test_notebooks_have_the_address_without_its_secret(cloned):
    program = "import notebooks; notebooks.write(notebooks.ROOT / 'notebooks')"
    texts = written(cloned, program, 'notebooks/*.ipynb')
    assert len(texts) == len(notebooks.LESSONS), f'{len(texts)} notebooks were written'
    for text in texts:
        assert 'SECRET' not in text, 'A notebook has the token of the address'
        assert f'git clone {CLEAN} ' in text, 'A notebook lacks the address'


def test_the_start_page_has_the_address_without_its_secret(cloned):
    (text,) = written(cloned, 'import pages; pages.write_start()', 'docs/index.md')
    assert 'SECRET' not in text, 'The start page has the token of the address'
    assert f'git clone {CLEAN} ' in text, 'The start page lacks the address'
