# SPDX-License-Identifier: LGPL-2.1-or-later
"""The manual pages name every command and option that `--help` names, and groff likes them."""
import os
import pathlib
import re
import shutil
import subprocess
import sys

SKIP = 77
apps = pathlib.Path(os.environ["SOURCE_ROOT"]) / "apps"
program = os.environ.get("WINNOW")
if program is None or shutil.which("groff") is None:
    print("needs the winnow command and groff")
    sys.exit(SKIP)


def run(*command):
    return subprocess.run(command, capture_output=True, text=True, check=True)


def read(page):
    """Its text without groff's own characters, once groff has read it without a word."""
    warnings = run("groff", "-man", "-Tutf8", "-ww", "-z", str(page)).stderr
    assert warnings == "", warnings
    return re.sub(r"\\f[BIR]", "", page.read_text(encoding="utf-8").replace("\\-", "-"))


def check_options(page, text, *command):
    for option in re.findall(r"--[a-z][a-z-]*", run(*command, "--help").stdout):
        assert option in text, f"{option} of {command} is not in {page}"


page = read(apps / "winnow" / "winnow.1")
commands = re.findall(r"^  (\w+)  +\w", run(program, "--help").stdout.split("Options:")[0], re.M)
assert len(commands) >= 5, commands
for command in commands:
    assert f".SS winnow {command}\n" in page, command
    check_options("winnow.1", page, program, command)
camera = os.environ.get("CAMERA")
if camera is not None:
    check_options("winnow-camera.1", read(apps / "camera" / "winnow-camera.1"), camera)
pipeline = os.environ.get("PIPELINE")
if pipeline is not None:
    check_options("winnow-pipeline.1", read(apps / "pipeline" / "winnow-pipeline.1"), pipeline)
