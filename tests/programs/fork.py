"""Run many scripts in a folder, each in a process of its own, quicker than one by one.

Run: python tests/programs/fork.py COMMANDS NAME...

COMMANDS: JSON, {name: [script, option, ...]}. NAME: what is imported beforehand, once
for all. It prints {name: [exit code, output]} as JSON. Needs os.fork, which Windows has
not.
"""
import json
import os
import runpy
import shutil
import sys

import torch


def run_in_child(command, output, errors):
    """Become the script, and end with its exit code."""
    os.dup2(output, 1)
    os.dup2(errors, 2)
    sys.argv = command
    if os.path.isdir(command[0]):
        del sys.path[0]  # runpy puts the folder there
    else:
        sys.path[0] = os.path.dirname(command[0])
    code = 0
    try:
        runpy.run_path(command[0], run_name='__main__')
    except SystemExit as end:
        code = end.code or 0
        if isinstance(code, str):
            print(code, file=sys.stderr)
            code = 1
    except BaseException as error:
        sys.excepthook(type(error), error, error.__traceback__)
        code = 1
    sys.stdout.flush()
    sys.stderr.flush()
    os._exit(code)


def main():
    for name in sys.argv[2:]:
        __import__(name)
    torch.optim.SGD([torch.zeros(1)]).step()  # what takes long is done once for all
    torch.set_num_threads(1)
    found = {}
    for name, command in json.loads(sys.argv[1]).items():
        read, write = os.pipe()
        if '--predict' not in command:
            shutil.rmtree('checkpoints', ignore_errors=True)
        child = os.fork()
        if child == 0:
            os.close(read)
            run_in_child(command, write, write)
        os.close(write)
        with open(read) as output:
            text = output.read()
        _, status = os.waitpid(child, 0)
        found[name] = [os.waitstatus_to_exitcode(status), text]
    print(json.dumps(found))


if __name__ == '__main__':
    main()
