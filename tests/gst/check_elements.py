# SPDX-License-Identifier: LGPL-2.1-or-later
"""docs/elements.md is what the plugin and its sources say, and the launch lines in these run.

check_elements.py BUILD
"""
import pathlib
import re
import sys

import launch

sys.path.insert(0, str(launch.ROOT / "docs"))
import elements

PAGE = launch.ROOT / "docs" / "elements.md"


def check_page(build):
    page = PAGE.read_text(encoding="utf-8")
    if f"-->\n{elements.reference(build)}\n<!-- end -->" in page:
        return []
    return ["docs/elements.md is not current: run python3 docs/update.py docs/elements.md"]


def check_names():
    """What the written part of the page names is in the sources, and the other way round."""
    written = PAGE.read_text(encoding="utf-8").split("## Reference")[0]
    sources = "".join(path.read_text(encoding="utf-8")
                      for path in sorted((launch.ROOT / "gst-plugin").glob("*/*.[ch]")))
    problems = []
    for domain, code in re.findall(r"`([A-Z]+)/([A-Z_]+)`", written):
        if not re.search(rf"\b{domain}, {code}\b|GST_{domain}_ERROR_{code}\b", sources):
            problems.append(f"docs/elements.md: no element posts {domain}/{code}")
    posted = r"GST_ELEMENT_(ERROR|WARNING)\(\w+, (\w+), (\w+)"
    for kind, domain, code in re.findall(posted, sources):
        if not re.search(rf"^\| {kind.lower()} .*`{domain}/{code}`", written, re.M):
            problems.append(f"docs/elements.md tells of no {kind.lower()} {domain}/{code}")
    said = written.split("sticky event")[1].split("as they are set")[0]
    for name in re.findall(r"`([\w-]+)`", said):
        if f'"{name}"' not in sources:
            problems.append(f"docs/elements.md: there is no {name} in the sources")
    return problems


def check_line(element, line):
    line, _ = launch.stand_in(line)
    missing = [name for name in launch.elements_of(line) if not launch.exists(name)]
    if missing:
        print(f"{element}: a line is skipped, without {', '.join(missing)}")
        return []
    with launch.Folder() as folder:
        publisher = None
        if "winnowshmsrc" in line:
            line = line.replace("winnowshmsrc", "winnowshmsrc num-buffers=5")
            publisher = folder.start("gst-launch-1.0 -q videotestsrc is-live=true"
                                     " ! winnowshmsink socket-path=$XDG_RUNTIME_DIR/camera")
        status, printed = folder.run(line)
        if publisher:
            launch.stop(publisher)
    print(f"{element}: {line}: status {status}")
    return [] if status == 0 else [f"{element}: {line}\n{printed}"]


def main(build):
    problems = check_page(build) + check_names()
    lines = elements.launch_lines()
    for element in elements.describe(build):
        name = element["name"]
        if not lines.get(name):
            problems.append(f"{name}: the comment of its source has no launch line")
        for line in lines.get(name, []):
            problems += check_line(name, line)
    print("\n".join(problems))
    return bool(problems)


if __name__ == "__main__":
    sys.exit(main(pathlib.Path(sys.argv[1])))
