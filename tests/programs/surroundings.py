"""Print as JSON what a program sees: its environment, its signals, its encoding."""
import json
import os
import signal
import sys

seen = {
    'environment': dict(os.environ),
    'interrupt': signal.getsignal(signal.SIGINT) is signal.default_int_handler,
    'terminate': signal.getsignal(signal.SIGTERM) is signal.SIG_DFL,
    'encoding': sys.stdout.encoding.lower(),
}
print(json.dumps(seen))
