# SPDX-License-Identifier: LGPL-2.1-or-later
"""Runs every launch line of README.md and docs/pipelines.md and checks that the files that these
and the other pages of docs/ link to exist.

Where a line needs a camera or a window, a test picture and a sink without a
window take their place.  GST_PLUGIN_PATH says where the plugin is.
"""
import json
import os
import pathlib
import re
import subprocess
import sys
import tempfile

ROOT = pathlib.Path(os.environ["SOURCE_ROOT"])
PAGES = [ROOT / "README.md", *sorted((ROOT / "docs").glob("*.md"))]

for page in PAGES:
    text = page.read_text(encoding="utf-8")
    for target in re.findall(r"\]\((?!https?:|#)([^)#]+)[^)]*\)", text):
        assert (page.parent / target).exists(), f"{page.name} links to {target}, which is missing"
    for target in re.findall(r"`((?:apps|tests|models|configs)/[\w./-]+)`", text):
        assert (ROOT / target).exists(), f"{page.name} names {target}, which is missing"

text = "".join((ROOT / name).read_text(encoding="utf-8")
               for name in ("README.md", "docs/pipelines.md"))
lines = re.findall(r"^gst-launch-1\.0 .*$", text, re.M)
os.environ["XDG_RUNTIME_DIR"] = "."  # the folder in which they run
assert len(lines) >= 5, lines
failed = False


def publish(folder):
    """The line with winnowshmsink, running for as long as one with winnowshmsrc needs."""
    line = next(line for line in lines if "winnowshmsink" in line)
    line = line.replace("v4l2src", "videotestsrc is-live=true")
    return subprocess.Popen("exec " + line, shell=True, cwd=folder, stdout=subprocess.DEVNULL)


with tempfile.TemporaryDirectory(prefix="winnow-readme-") as folder:
    for name in ("apps", "models"):
        (pathlib.Path(folder) / name).symlink_to(ROOT / name)
    for line in lines:
        line = line.replace("v4l2src", "videotestsrc num-buffers=30")
        line = line.replace("autovideosink", "fakesink").split(" | ")[0]
        publisher = publish(folder) if "winnowshmsrc" in line else None
        line = line.replace("winnowshmsrc", "winnowshmsrc num-buffers=10")
        result = subprocess.run(line, shell=True, cwd=folder, capture_output=True, text=True,
                                check=False)
        if publisher is not None:
            publisher.kill()
            publisher.wait()
        works = result.returncode == 0
        if " -m " in line:
            works = works and "winnowclassify, " in result.stdout
        if "winnowpublish" in line:
            printed = [json.loads(text) for text in result.stdout.splitlines()]
            works = works and len(printed) > 50 and all("exit-stage" in one for one in printed)
        if "location=classified.webm" in line:
            works = works and (pathlib.Path(folder) / "classified.webm").stat().st_size > 10000
        if not works:
            print(f"{line}\n{result.stdout[-500:]}{result.stderr}")
            failed = True
sys.exit(failed)
