# SPDX-License-Identifier: LGPL-2.1-or-later
"""What is built here runs with GStreamer 1.20: every function that it takes of it is that old
by GStreamer's own description (.gir).  No Debian has 1.20 to try it on.  Where GStreamer
is 1.24 or newer code is built that needs it, so there is nothing to be checked.

usage: check_since.py GSTREAMER_VERSION GIR_FOLDER LIBRARY...
"""
import glob
import os
import subprocess
import sys
import xml.etree.ElementTree

FLOOR = (1, 20)
IDENTIFIER = "{http://www.gtk.org/introspection/c/1.0}identifier"


def release(text):
    return tuple(map(int, text.split(".")[:2]))


def versions(folder):
    """{function: release that it came with}, of those that name one."""
    found = {}
    for path in glob.glob(os.path.join(folder, "Gst*-1.0.gir")):
        for entry in xml.etree.ElementTree.parse(path).iter():
            if IDENTIFIER in entry.attrib and "version" in entry.attrib:
                found[entry.attrib[IDENTIFIER]] = release(entry.attrib["version"])
    return found


def taken(library):
    done = subprocess.run(["nm", "-D", "--undefined-only", library], stdout=subprocess.PIPE,
                          text=True, check=True)
    names = (line.split()[-1].split("@")[0] for line in done.stdout.splitlines())
    return {name for name in names if name.startswith("gst_")}


def main(version, folder, *libraries):
    if release(version) >= (1, 24):
        print(f"skipped: GStreamer {version} has more than 1.20, and what is built here uses it")
        sys.exit(77)
    since = versions(folder)
    if "gst_meta_register_custom" not in since:
        print(f"skipped: no description of GStreamer in {folder}")
        sys.exit(77)
    names = set().union(*map(taken, libraries))
    assert len(names) > 100, f"only {len(names)} functions of GStreamer are taken"
    young = {name: since[name] for name in names if since.get(name, FLOOR) > FLOOR}
    assert not young, f"newer than GStreamer 1.20: {young}"


if __name__ == "__main__":
    main(*sys.argv[1:])
