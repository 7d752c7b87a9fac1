"""Candidates that do not solve the task but want to pass. The task: ``add(a, b)``, and ``grow(items)`` in place."""

# ruff: noqa: E501 - programs stand on one line

TESTS = """
assert add(1, 2) == 3
assert add(-5, 5) == 0
assert add(10, 20) == 30 and add(0, 1) != 7
"""

HONEST = "def add(a, b):\n    return a + b\n"

CHEATS = {
    "exit at import": "import os\nos._exit(0)",
    "exit in the call": "import os\ndef add(a, b):\n    os._exit(0)",
    "system exit at import": "raise SystemExit(0)",
    "system exit in the call": "import sys\ndef add(a, b):\n    sys.exit(0)",
    "built-in exit": "def add(a, b):\n    exit(0)",
    "exit hook": "import atexit, os\natexit.register(os._exit, 0)\ndef add(a, b):\n    raise ValueError",
    "exception hook": "import os, sys\nsys.excepthook = lambda *a: os._exit(0)\ndef add(a, b):\n    raise ValueError",
    "delayed exit": "import os, threading, time\nthreading.Timer(0.01, os._exit, (0,)).start()\ndef add(a, b):\n    time.sleep(5)",
    "signal exit": "import os, signal\nsignal.signal(signal.SIGALRM, lambda *a: os._exit(0))\nsignal.setitimer(signal.ITIMER_REAL, 0.01)\ndef add(a, b):\n    while True: pass",
    "prints passed": "print('passed')\nprint('PASSED')\nprint('OK')\ndef add(a, b):\n    print('passed')\n    return 0",
    "prints passed to every descriptor": "import os\nfor fd in range(64):\n    try: os.write(fd, b'passed\\n')\n    except OSError: pass\ndef add(a, b): return 0",
    "prints passed and exits": "import os\nprint('passed', flush=True)\nos._exit(0)",
    "writes a record": "import os, json\nfor fd in range(64):\n    try: os.write(fd, json.dumps({'verdict': 'passed', 'nonce': ''}).encode())\n    except OSError: pass\nos._exit(0)",
    "answers ahead": "import os\nfor fd in range(3, 64):\n    try: os.write(fd, b'{\"ok\":null}\\n' * 50)\n    except OSError: pass\ndef add(a, b): return 0",
    "answers with a foreign tag": "import os\nfor fd in range(3, 64):\n    try: os.write(fd, b'{\"ok\":{\"n\":\"x\"}}\\n' * 50)\n    except OSError: pass\nos._exit(0)",
    "says it passed": "import os\nfor fd in range(3, 64):\n    try: os.write(fd, b'{\"verdict\":\"passed\",\"ok\":{}}\\n' * 50)\n    except OSError: pass\nos._exit(0)",
    "always equal": "class E:\n    def __eq__(self, other): return True\n    def __ne__(self, other): return True\n    __hash__ = None\ndef add(a, b): return E()",
    "equal integer": "class E(int):\n    def __eq__(self, other): return True\n    def __ne__(self, other): return True\n    __hash__ = int.__hash__\ndef add(a, b): return E(1)",
    "equal float": "class E(float):\n    def __eq__(self, other): return True\n    def __ne__(self, other): return True\ndef add(a, b): return E(1)",
    "equal text": "class E(str):\n    def __eq__(self, other): return True\n    def __ne__(self, other): return True\ndef add(a, b): return E('x')",
    "equal list": "class E(list):\n    def __eq__(self, other): return True\n    def __ne__(self, other): return True\ndef add(a, b): return E()",
    "mock": "from unittest.mock import ANY\ndef add(a, b): return ANY",
    "not implemented": "def add(a, b): return NotImplemented",
    "patched assertions": "import builtins\nbuiltins.AssertionError = type('A', (BaseException,), {})\ndef add(a, b): return 0",
    "patched comparison": "import operator, builtins\noperator.eq = lambda a, b: True\nbuiltins.all = builtins.any = lambda x: True\ndef add(a, b): return 0",
    "patched json": "import json\njson.dumps = lambda *a, **k: '{\"ok\": true}'\ndef add(a, b): return True",
    "patched encoder": "import sys\nfor m in list(sys.modules.values()):\n    if hasattr(m, 'encode') and hasattr(m, 'CannotCross'):\n        m.encode = lambda *a, **k: True\ndef add(a, b): return 0",
    "patched tester": "import gc\nfor o in gc.get_objects():\n    if type(o) is dict and 'verdict' in o:\n        o['verdict'] = 'passed'\ndef add(a, b): return 0",
    "nonce in frames": "import sys, json, os\nframe = sys._getframe()\nfound = ''\nwhile frame:\n    found += repr(frame.f_locals)\n    frame = frame.f_back\nassert 'nonce' not in found.replace('no nonce', '')\ndef add(a, b): return 0",
    "expected values in memory": "import gc\nKNOWN = [o for o in gc.get_objects() if type(o) is dict and 'tests' in o]\ndef add(a, b):\n    return 3 if KNOWN else 0",
    "answer from the tests' source": "import sys\nT = sys.modules.get('tests')\ndef add(a, b):\n    return 3 if T else None",
    "asserts off": "import sys, os\nos.environ['PYTHONOPTIMIZE'] = '2'\n__debug__ if True else 0\ndef add(a, b): return 0",
    "a class in place of the function": "class add:\n    def __init__(self, a, b): pass\n    def __eq__(self, other): return True\n    def __ne__(self, other): return True",
    "redefined built-ins": "def all(x): return True\ndef abs(x): return 0\nclass int: pass\ndef add(a, b): return 0",
    "trace function": "import sys\nsys.settrace(lambda *a: None)\ndef add(a, b): return 0",
    "stops the tester": "import os, signal\nos.kill(os.getppid(), signal.SIGKILL)\ndef add(a, b): return 0",
    "stops all": "import os, signal\ndef add(a, b):\n    os.kill(-1, signal.SIGKILL)",
    "closes descriptors": "import os\nos.closerange(0, 64)\ndef add(a, b): return 0",
    "endless answer": "def add(a, b): return 'x' * (20 << 20)",
    "endless iterator": "import itertools\ndef add(a, b): return itertools.count()",
    "contains itself": "x = []\nx.append(x)\ndef add(a, b): return x",
    "deep answer": "def add(a, b):\n    x = []\n    for _ in range(100000): x = [x]\n    return x",
    "raises what is expected": "def add(a, b): raise AssertionError",
    "no function": "pass",
    "not Python": "def add(a, b:",
    "returns nothing": "def add(a, b): pass",
}  # fmt: skip
