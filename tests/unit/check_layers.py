# SPDX-License-Identifier: LGPL-2.1-or-later
"""Checks which layer leans on which: check_layers.py ROOT ARCHIVE, the engine as a static library.

Each row of ALLOWED names a folder and the folders whose headers its files may include and whose
functions they may call, which linked symbols show where a public header hides it; the public
headers <winnow/...> are open to all.  GLib and GStreamer belong to the plugin, the programs and
what they share in common/, OpenMP pragmas to base/parallel.c, and nobody outside sees the inside of
the engine.
"""
import collections
import pathlib
import re
import subprocess
import sys

ALLOWED = {
    "base": {"base"},
    "result": {"result", "base"},
    "frame": {"frame", "base"},
    "load": {"load", "base"},
    "kernels": {"kernels", "base"},
    "preprocess": {"preprocess", "frame", "load", "kernels", "base"},
    "graph": {"graph", "kernels", "load", "base"},
    "plan": {"plan", "graph", "kernels", "load", "base"},
    "session": {"session", "plan", "graph", "preprocess", "frame", "kernels", "load", "base"},
    "quantize": {"quantize", "session", "plan", "graph", "load", "base"},
    "tune": {"tune", "session", "plan", "graph", "load", "base"},
    "adopt": {"adopt", "session", "load", "base"},
    "join": {"join", "session", "graph", "load", "base"},
    "teach": {"teach", "tune", "join", "session", "plan", "graph", "preprocess", "frame", "kernels",
              "load", "base"},
    "ipc": {"ipc", "frame", "base"},
    "state": {"state", "result", "base"},
}
NO_FRAMES = {"load", "graph", "plan", "kernels", "base"}
INCLUDE = re.compile(r'^\s*#\s*include\s*([<"])([^>"]+)[>"]', re.M)
GLIB = re.compile(r"^(glib|gio|gst|gobject|cairo|pango)")


def check_engine(path, layer):
    text = path.read_text()
    for quote, name in INCLUDE.findall(text):
        top = name.split("/")[0]
        if GLIB.match(name):
            yield f"includes <{name}>: the engine is free of GLib"
        if quote == '"' and top not in ALLOWED[layer]:
            yield f'includes "{name}": {layer} may see {", ".join(sorted(ALLOWED[layer]))} only'
        if layer in NO_FRAMES and name == "winnow/frame.h":
            yield f"includes <{name}>: {layer} never sees frames"
    if layer in NO_FRAMES and re.search(r"\bWn(Frame|Rect|Result)\b", text):
        yield f"speaks of frames or results: {layer} never sees them"
    if re.search(r"#\s*pragma\s+omp", text) and path.name != "parallel.c":
        yield "has an OpenMP pragma: they belong to base/parallel.c"


def symbols(archive):
    """{folder: names} that the engine's objects define, and {(folder, object): names} they need."""
    defined, needed = {}, collections.defaultdict(set)
    printed = subprocess.run(["nm", "--print-file-name", "--portability", archive], check=True,
                             capture_output=True, text=True).stdout
    for member, name, kind in re.findall(r"\[([^\]]+)\]: (\S+) (\S)", printed):
        *path, member = member.split("/")  # of a folder with a build file of its own, or a prefix
        folder = path[-2] if path[-2:-1] and path[-2] in ALLOWED else member.split("_")[0]
        if folder not in ALLOWED or not name.startswith(("wn_", "wni_")):
            continue
        if kind in "Uw":
            needed[folder, member].add(name)
        elif kind.isupper():
            defined[name] = folder
    return defined, needed


def check_symbols(archive):
    defined, needed = symbols(archive)
    for (folder, member), names in sorted(needed.items()):
        for name in sorted(names):
            if defined.get(name, folder) not in ALLOWED[folder]:
                yield f"{member}: calls {name} of {defined[name]}, which {folder} may not see"
    if len(set(defined.values())) < len(ALLOWED):
        yield f"{archive}: no symbols of {sorted(set(ALLOWED) - set(defined.values()))}"


def check_outside(path):
    for quote, name in INCLUDE.findall(path.read_text()):
        if name.split("/")[0] in ALLOWED and quote == '"':
            yield f'includes "{name}": only <winnow/...> is open outside the engine'


def main(root, archive):
    root = pathlib.Path(root)
    found, files = list(check_symbols(archive)), 0
    for path in sorted(root.glob("engine/*/**/*.[chi]*")):
        layer = path.relative_to(root / "engine").parts[0]
        if path.suffix not in (".c", ".h", ".inc") or layer == "include":
            continue
        files += 1
        if layer not in ALLOWED:
            found.append(f"{path}: folder {layer} has no row in ALLOWED")
            continue
        found += [f"{path.relative_to(root)}: {what}" for what in check_engine(path, layer)]
    for folder in ("common", "gst-plugin", "apps"):
        for path in sorted((root / folder).rglob("*.[ch]")):
            files += 1
            found += [f"{path.relative_to(root)}: {what}" for what in check_outside(path)]
    print("\n".join(found) or f"{files} files keep to the layers")
    return 1 if found or files < 20 else 0


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
