"""A valgrind that runs nothing: it does what `order.json` in its folder says, and writes a file as callgrind does."""

import json
import os
import signal
import sys
import time
from pathlib import Path

PART = """part: {number}

desc: Timerange: Basic block 0 - 7
desc: Trigger: {trigger}

positions: line
events: Ir
summary: {instructions}

ob=(1) /home/<b> | &/lib.so
fl=(2) summary: 1
fn=(3) desc: Trigger: Client Request: 0
+3 {instructions}
cfn=(4) part: 9 <a> | &
calls=1 0
0 totals: 2
"""
HEADER = "# callgrind format\nversion: 1\ncmd: python summary: 5 desc: Trigger: Client Request: 0\n"

order = json.loads(Path("order.json").read_text())
out = next(one.partition("=")[2] for one in sys.argv if one.startswith("--callgrind-out-file="))
Path("arguments.json").write_text(json.dumps({"arguments": sys.argv[1:], "seed": os.environ["PYTHONHASHSEED"]}))
triggers = [(f"Client Request: {name}", count) for name, count in order.get("blocks", [])]
triggers.append(("Program termination", 3))
written = [PART.format(number=at, trigger=name, instructions=count) for at, (name, count) in enumerate(triggers, 1)]
if "file" in order:
    Path(out.replace("%%", "%")).write_text(order["file"])
elif "blocks" in order:
    Path(out.replace("%%", "%")).write_text("\n".join([HEADER, *written]))
time.sleep(order.get("sleep", 0))
sys.stderr.write(order.get("complains", ""))
sys.stderr.flush()
if "signal" in order:
    os.kill(os.getpid(), signal.Signals[order["signal"]])
sys.stdout.write(order.get("says", ""))
sys.exit(order.get("exit", 0))
