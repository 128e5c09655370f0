"""Starts one program from a process that holds next to nothing, and writes down what it took.

A new process counts as having held what its parent held when it was started; so the parent is
this script, of about 10 MiB, and not the measuring program.
"""

import json
import os
import subprocess
import sys
import time

begin = time.perf_counter()
process = subprocess.Popen(sys.argv[2:])
_, status, usage = os.wait4(process.pid, 0)
wall = time.perf_counter() - begin
process.returncode = os.waitstatus_to_exitcode(status)
taken = {
    "status": process.returncode,
    "wall_s": wall,
    "cpu_s": usage.ru_utime + usage.ru_stime,
    "peak_rss_mb": usage.ru_maxrss / 1024,
}
with open(sys.argv[1], "w", encoding="utf-8") as file:  # noqa: PTH123  pathlib would cost memory
    json.dump(taken, file)
