"""
Is everything in place?
=======================

New here: nothing to learn yet, so run it and do not read it. It checks Python, the
packages, the devices and the data. [FAIL] comes with its cure; [--] is no fault, the
lessons can do without.

Before: nothing  Next: 1_first_app.py
Notes: Start (README.md)
Run: python codes/0_check_pytorch.py
It ends with a random tensor of 5 rows and 3 columns, and with exit code 1 if a line
says [FAIL].
"""
import importlib.util
import re
import sys
from importlib import metadata
from pathlib import Path

ROOT = Path(sys.path[0]).resolve().parent
INSTALL = f'"{sys.executable}" -m pip install -U -r "{ROOT / "requirements.txt"}"'
failures = 0


def report(ok, text, cure):
    """Print one line, and count the failures."""
    global failures
    failures += not ok
    print('[OK]  ' if ok else '[FAIL]', text if ok else f'{text}. Cure: {cure}')


def numbers(version):
    """'2.10.1+cpu' -> [2, 10], which compares as it should."""
    return [int(part) for part in version.split('.')[:2]]


# %%
# Python and the packages, as requirements.txt lists them.
found = []
python = '.'.join(map(str, sys.version_info[:3]))
report(sys.version_info >= (3, 10), f'Python {python}', 'install Python 3.10 or newer')
for line in (ROOT / 'requirements.txt').read_text(encoding='utf-8').split():
    name, _, lowest = line.partition('>=')
    try:
        version = metadata.version(name)
    except metadata.PackageNotFoundError:
        report(False, f'{name} is not installed', INSTALL)
        continue
    found.append(name)
    ok = not lowest or numbers(version) >= numbers(lowest)
    report(ok, f'{name} {version}' + f' (needs {lowest} or newer)' * (not ok), INSTALL)

# %%
# An installed torch can still be broken, so import it. And each torchvision names the
# torch that it needs: beside another, importing it fails with "operator
# torchvision::nms does not exist". (Importing it here would take another second.)
try:
    import torch
except Exception as error:  # whatever it is, the learner must get to read it
    torch = None
    report(False, f'torch cannot be imported: {error}', INSTALL)
wishes = ' '.join(metadata.requires('torchvision')) if 'torchvision' in found else ''
wish = re.search(r'\btorch *\(?(==|>=)([\d.]+)', wishes)  # torch (>=2.14.0)
if torch and wish:
    here, wanted = numbers(torch.__version__), numbers(wish[2])
    fits = here == wanted if wish[1] == '==' else here >= wanted
    report(fits, f'torchvision is for torch {wish[1]} {wish[2]}', INSTALL)

# %%
# Devices. A CPU is enough for every lesson. CUDA needs an NVIDIA GPU, its driver, and a
# torch that was built for CUDA.
if torch:
    print(f'[OK]   CPU, {torch.get_num_threads()} thread(s)')
    if torch.cuda.is_available():
        print(f'[OK]   CUDA: {torch.cuda.get_device_name()}')
    elif torch.version.cuda is None:
        print('[--]   no CUDA: this torch was built without it')
    else:
        print('[--]   no CUDA: torch finds no NVIDIA GPU, or its driver is too old')
    if torch.backends.mps.is_available():
        print('[OK]   MPS, the GPU of a Mac: used with --device mps')

# %%
# The helper. `pip install helper` is another package of the same name: the line that
# stands before `import helper` in each lesson puts the course's own first.
sys.path.insert(0, sys.path[0] + '/..')  # helper.py is one folder up
helper = importlib.util.find_spec('helper')
own = helper is not None and Path(helper.origin).resolve() == ROOT / 'helper.py'
report(own, "helper.py is the course's own", f'get {ROOT / "helper.py"} back')

# %%
# The data. Stand-ins, drawn for the course, take the place of what is not there.
for name, source in (('MNIST', 'lesson 4 downloads the real one'),
                     ('FashionMNIST', 'lesson 12 downloads the real one'),
                     ('Cat_Dog_data', 'prepare_photos.py --download fetches some')):
    if (ROOT / 'data' / name).is_dir():
        print(f'[OK]   {name}: real, on disk')
    elif (ROOT / 'data' / 'synthetic' / name).is_dir():
        print(f'[--]   {name}: stand-in on disk, {source}')
    else:
        print(f'[--]   {name}: not on disk')

# %%
# The first tensor: 5 rows, 3 columns, numbers from 0 up to 1.
print(f'{failures} thing(s) to mend' if failures else 'Everything is in place')
if torch:
    print(torch.rand(5, 3))
if failures:
    sys.exit(1)
