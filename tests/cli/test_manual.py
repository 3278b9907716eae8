# SPDX-License-Identifier: LGPL-2.1-or-later
"""The manual page names every command and option that `--help` names, and groff likes it."""
import os
import pathlib
import re
import shutil
import subprocess
import sys

SKIP = 77
page = pathlib.Path(os.environ["SOURCE_ROOT"]) / "apps" / "winnow" / "winnow.1"
text = page.read_text(encoding="utf-8").replace("\\-", "-").replace("\\fB", "")
program = os.environ.get("WINNOW")
if program is None or shutil.which("groff") is None:
    print("needs the winnow command and groff")
    sys.exit(SKIP)


def run(*command):
    return subprocess.run(command, capture_output=True, text=True, check=True)


commands = re.findall(r"^  (\w+)  +\w", run(program, "--help").stdout.split("Options:")[0], re.M)
assert len(commands) >= 5, commands
for command in commands:
    assert f".SS winnow {command}\n" in text, command
    for option in re.findall(r"--[a-z-]+", run(program, command, "--help").stdout):
        assert option in text, f"{command} {option} is not in winnow.1"
result = run("groff", "-man", "-Tutf8", "-ww", "-z", str(page))
assert result.stderr == "", result.stderr
