"""How the referee is started, and that a script runs under it as it does alone."""

import json
import os
import signal
import subprocess
import sys

import pytest
from course import PROGRAMS, REFEREE, ROOT, run, verdicts
from trainings import FAIR, spoil

WRONG, _ = spoil('STEP', '        optimizer.zero_grad()\n', '')
SMALL = 'import torch\nprint(torch.ones(2).sum())\n'


def write(folder, name, source):
    path = folder / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(source, encoding='utf-8')
    return path


@pytest.mark.parametrize('name', ['torch_features', 'modes', 'threads'])
def test_what_is_hard_to_watch_computes_the_same(name):
    script = PROGRAMS / f'watched/{name}.py'
    alone = run(script)
    watched = run(REFEREE, '--json', script)
    assert alone.returncode == 0, alone.stderr
    *lines, _ = watched.stdout.splitlines()
    assert lines == alone.stdout.splitlines(), watched.stderr
    assert watched.stderr == alone.stderr
    assert not verdicts(watched.stdout)['switched_off']


def test_no_tensor_of_the_script_is_kept_alive():
    result = run(REFEREE, '--exit-zero', PROGRAMS / 'watched/memory.py')
    counts = [line for line in result.stdout.splitlines() if line.endswith('alive')]
    assert counts == ['654 tensors, 0 alive'] * 2, result.stdout + result.stderr


def test_all_is_seen_while_another_thread_loads_batches():
    result = run(REFEREE, '--json', PROGRAMS / 'watched/threads.py')
    found = verdicts(result.stdout)
    assert (found['steps'], found['batches_tested']) == (200, 200), found


@pytest.mark.parametrize('context', ['fork', 'spawn', 'forkserver'])
def test_workers_of_a_loader_are_left_alone(context, tmp_path):
    if context == 'fork' and not hasattr(os, 'fork'):
        pytest.skip('Windows has no fork')
    if context == 'forkserver' and sys.platform == 'win32':
        pytest.skip('Windows has no forkserver')
    source = (
        'import torch\n'
        'from torch.utils.data import DataLoader, TensorDataset\n'
        "if __name__ == '__main__':\n"
        '    data = TensorDataset(torch.arange(6))\n'
        '    loader = DataLoader(data, batch_size=2, num_workers=2,\n'
        f"                        multiprocessing_context='{context}')\n"
        '    print([batch.tolist() for batch, in loader])\n'
    )
    result = run(REFEREE, write(tmp_path, 'script.py', source))
    assert result.returncode == 0, result.stderr
    assert '[[0, 1], [2, 3], [4, 5]]' in result.stdout


def test_the_modules_of_the_script_are_found_whatever_they_are_called(tmp_path):
    for name in ('run', 'rules', 'events', 'messages'):
        write(tmp_path, f'{name}.py', f'NAME = "my {name}"\n')
    source = (
        'import events, messages, rules, run\n'
        'print(run.NAME, rules.NAME, events.NAME, messages.NAME)\n'
    )
    result = run(REFEREE, write(tmp_path, 'script.py', source), cwd=ROOT)
    assert 'my run my rules my events my messages' in result.stdout, result.stderr


def test_it_runs_a_module_of_a_package(tmp_path):
    write(tmp_path, 'package/__init__.py', '')
    write(tmp_path, 'package/names.py', 'NAME = "mine"\n')
    source = 'import sys\nfrom .names import NAME\nprint(NAME, sys.argv[1:])\n'
    write(tmp_path, 'package/train.py', source)
    result = run(REFEREE, '-m', 'package.train', '--epochs', 3, cwd=tmp_path)
    assert "mine ['--epochs', '3']" in result.stdout, result.stderr
    assert result.returncode == 0


def test_exit_zero_keeps_mistakes_out_of_the_exit_code(tmp_path):
    script = write(tmp_path, 'script.py', WRONG)
    assert run(REFEREE, script, cwd=tmp_path).returncode == 1
    result = run(REFEREE, '--exit-zero', script, cwd=tmp_path)
    assert result.returncode == 0 and '1 problem found' in result.stdout


def test_each_process_of_torchrun_is_watched(tmp_path):
    script = PROGRAMS / 'watched/two_processes.py'
    torchrun = ['-m', 'torch.distributed.run', '--nproc-per-node', '2']
    result = run(*torchrun, REFEREE, '--exit-zero', script, cwd=tmp_path)
    assert result.returncode == 0, result.stderr
    reports = [line for line in result.stdout.splitlines() if 'Referee: ' in line]
    expected = 'Referee: no problems found (12 steps, 4 batches tested)'
    assert sorted(reports) == [expected] * 2, result.stdout


def test_exit_zero_keeps_the_exit_code_of_the_script(tmp_path):
    script = write(tmp_path, 'script.py', 'import sys\nsys.exit(3)\n')
    assert run(REFEREE, '--exit-zero', script).returncode == 3


@pytest.mark.skipif(sys.platform == 'win32', reason='Windows has no SIGINT for one')
def test_ctrl_c_ends_with_its_own_code_and_a_report(tmp_path):
    source = 'import time\nprint("ready", flush=True)\ntime.sleep(60)\n'
    script = write(tmp_path, 'script.py', source)
    process = subprocess.Popen(
        [sys.executable, REFEREE, script], stdout=subprocess.PIPE, text=True
    )
    assert process.stdout.readline() == 'ready\n'
    process.send_signal(signal.SIGINT)
    text, _ = process.communicate(timeout=60)
    assert (
        process.returncode == 130
        and 'Referee: your script was stopped by an error' in text
    )


def test_where_nothing_was_trained_it_says_so(tmp_path):
    result = run(REFEREE, write(tmp_path, 'script.py', SMALL))
    assert 'Referee: there was nothing to check' in result.stdout
    assert result.returncode == 0


def test_a_rule_that_fails_is_switched_off_and_the_script_goes_on(tmp_path):
    source = (
        'from referee.rules.step import NotCleared\n'
        'def fails(*_):\n'
        '    raise ValueError("of a rule")\n'
        'fails.events = ["step"]\n'
        'NotCleared.step = fails\n'
    )
    write(tmp_path, 'sitecustomize.py', f'import sys\nsys.path.append({str(ROOT)!r})\n')
    write(tmp_path, 'fails.py', source)
    starts = 'import runpy, sys\nimport fails\nsys.argv = sys.argv[1:]\n'
    starts += f'runpy.run_path({str(REFEREE)!r}, run_name="__main__")\n'
    write(tmp_path, 'starts.py', starts)
    script = write(tmp_path, 'script.py', FAIR)
    env = {'PYTHONPATH': str(tmp_path)}
    result = run(tmp_path / 'starts.py', REFEREE, script, cwd=tmp_path, env=env)
    assert '"clear" failed (ValueError: of a rule)' in result.stdout, result.stderr
    assert 'no problems found (14 steps' in result.stdout


def notebook(cells):
    return json.dumps(
        {
            'cells': [
                {'cell_type': kind, 'source': source.splitlines(keepends=True)}
                for kind, source in cells
            ]
        }
    )


def test_it_runs_a_notebook_and_names_its_cells(tmp_path):
    head, tail = WRONG.split('best = ', 1)
    cells = [('markdown', '# A title'), ('code', '%matplotlib inline\n' + head)]
    cells += [('code', 'best = ' + tail)]
    result = run(REFEREE, write(tmp_path, 'my.ipynb', notebook(cells)), cwd=tmp_path)
    line = ('best = ' + tail)[: ('best = ' + tail).index('# STEP')].count('\n') + 1
    assert f'Referee: cell 2, line {line}, 13 times' in result.stdout, (
        result.stdout + result.stderr
    )


def test_watch_and_report_in_a_program(tmp_path):
    """Watching twice does no harm, and a report forgets what it has said."""
    source = (
        f'import sys\nsys.path.append({str(ROOT)!r})\n'
        'import referee\nreferee.watch()\nreferee.watch()\n'
        f'{WRONG}\nreferee.report()\nreferee.report()\n'
    )
    result = run(write(tmp_path, 'script.py', source), cwd=tmp_path)
    said = [line for line in result.stdout.splitlines() if line.startswith('Referee')]
    assert len(said) == 3, result.stdout + result.stderr
    assert '13 times' in said[0] and '1 problem found' in said[1]
    assert 'there was nothing to check' in said[2]
