"""A worker without torch: it says what a real one says, at once, and does what the names of its cases tell it.

A session's tests start it in place of `benchmarks.worker`. What it does beside saying events stands in the environment
variable ``FAKE_WORKER``, as JSON: ``{"die": {"<case or probe id>": {"stage": 2, "signal": 11}}, "log": "file"}``.
"""

import json
import os
import sys
import time
from pathlib import Path

CHECKED = {"loops": 2, "rounds": 2, "shape": [16], "aliasing": "shares", "alloc_bytes": 0}
PROFILED = {"link": {"Memcpy HtoD (Pageable -> Device)": {"copies": 1, "nbytes": 64}}, "samples_ns": {"dma": [3.5]}}


def say(**event: object) -> None:
    """Write one event and flush it."""
    sys.stdout.write(json.dumps(event) + "\n")
    sys.stdout.flush()


def come_to_grief(name: str, stage: int, orders: dict) -> None:
    """Die, end or hang where the orders say so."""
    order = orders.get("die", {}).get(name)
    if order is None or order.get("stage", stage) != stage:
        return
    if "exit" in order:
        os._exit(order["exit"])
    if "hang" in order:
        time.sleep(order["hang"])
    os.kill(os.getpid(), order.get("signal", 9))


def main() -> None:
    """Do a plan."""
    orders = json.loads(os.environ.get("FAKE_WORKER", "{}"))
    plan = json.loads(sys.stdin.readline())
    if "log" in orders:
        with Path(orders["log"]).open("a") as log:
            log.write(json.dumps(plan | {"hash_seed": os.environ["PYTHONHASHSEED"]}) + "\n")
    come_to_grief("", plan["pass"], orders)
    if plan["device"] != "cpu":
        say(gpu={"link_gen": plan["pass"]})
    for probe in plan["probes"]:
        name = f"{probe['path']} {probe['trait']}"
        say(started=name)
        come_to_grief(name, plan["pass"], orders)
        say(probe=name, observed={"outcome": "shares"})
    for job in plan["jobs"]:
        name = job["case"]
        say(started=name)
        come_to_grief(name, plan["pass"], orders)
        time.sleep(orders.get("slow", {}).get(str(plan["pass"]), 0))
        if name in orders.get("raise", ()):
            say(case=name, failed="MemoryError: <a> | & '/home/alice/x'")
        elif plan["pass"] == 0:
            say(case=name, checked=CHECKED)
        elif plan["pass"] == -1:
            say(case=name, profiled=PROFILED)
        else:
            say(**{"case": name, "pass": plan["pass"], "samples_ns": {"wall": [1.5, 2.5]}, "minflt": 0.0})


if __name__ == "__main__":
    main()
