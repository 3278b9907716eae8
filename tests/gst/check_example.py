# SPDX-License-Identifier: LGPL-2.1-or-later
"""Runs the Python example on a test picture and checks what it prints.

check_example.py EXAMPLE MODEL
"""
import re
import subprocess
import sys

LINE = re.compile(r"^\d+\.\d{3} s  \w+ +\d+\.\d %  exit [0-8]/8, [a-z-]+, \d+ % saved  \[.+\]$")

source = "videotestsrc num-buffers=12 pattern=snow ! video/x-raw,width=64,height=48"
run = subprocess.run([sys.executable, sys.argv[1], sys.argv[2], source],
                     capture_output=True, text=True, timeout=50)
sys.stderr.write(run.stderr)
lines = run.stdout.splitlines()
assert run.returncode == 0, f"exit status {run.returncode}"
assert len(lines) == 12, f"{len(lines)} lines for 12 frames"
for line in lines:
    assert LINE.match(line), f"not as expected: {line}"

run = subprocess.run([sys.executable, sys.argv[1], "/nonexistent.onnx", source],
                     capture_output=True, text=True, timeout=50)
assert run.returncode == 1, f"exit status {run.returncode} without a model"
assert "/nonexistent.onnx" in run.stderr, run.stderr
