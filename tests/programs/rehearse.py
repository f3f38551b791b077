"""Run scripts when they are asked for, each in a process that starts at once.

Run: python tests/programs/rehearse.py NAME...

NAME: what is imported beforehand, once for all. Each line of the standard input is
JSON, {"command": [script, option, ...], "folder": where, "env": {name: value}}; for
each it prints [exit code, output, errors] as a line of JSON. A script is a file, or a
folder that has a __main__.py. It needs os.fork, which Windows doesn't have.
"""
import json
import os
import sys
import tempfile

import torch
from fork import run_in_child


def main():
    for name in sys.argv[1:]:
        __import__(name)
    torch.optim.SGD([torch.zeros(1)]).step()  # what takes long is done once for all
    torch.set_num_threads(1)
    for line in sys.stdin:
        wanted = json.loads(line)
        with tempfile.TemporaryFile() as output, tempfile.TemporaryFile() as errors:
            child = os.fork()
            if child == 0:
                os.dup2(os.open(os.devnull, os.O_RDONLY), 0)
                os.chdir(wanted['folder'])
                os.environ.update(wanted['env'])
                run_in_child(wanted['command'], output.fileno(), errors.fileno())
            _, status = os.waitpid(child, 0)
            texts = []
            for file in (output, errors):
                file.seek(0)
                texts.append(file.read().decode(errors='replace'))
        print(json.dumps([os.waitstatus_to_exitcode(status), *texts]), flush=True)


if __name__ == '__main__':
    main()
