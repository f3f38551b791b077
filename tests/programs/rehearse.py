"""Run scripts when they are asked for, each in a process that starts at once.

Run: python tests/programs/rehearse.py NAME...

NAME: what is imported beforehand, once for all. Each line of the standard input is
JSON, {"command": [script, option, ...], "folder": where, "env": {name: value}}; for
each it prints [exit code, output] as a line of JSON. It needs os.fork, which Windows
doesn't have.
"""
import json
import os
import sys

import torch
from fork import run_in_child


def main():
    for name in sys.argv[1:]:
        __import__(name)
    torch.optim.SGD([torch.zeros(1)]).step()  # what takes long is done once for all
    torch.set_num_threads(1)
    for line in sys.stdin:
        wanted = json.loads(line)
        read, write = os.pipe()
        child = os.fork()
        if child == 0:
            os.close(read)
            os.dup2(os.open(os.devnull, os.O_RDONLY), 0)
            os.chdir(wanted['folder'])
            os.environ.update(wanted['env'])
            run_in_child(wanted['command'], write)
        os.close(write)
        with open(read, errors='replace') as output:
            text = output.read()
        _, status = os.waitpid(child, 0)
        print(json.dumps([os.waitstatus_to_exitcode(status), text]), flush=True)


if __name__ == '__main__':
    main()
