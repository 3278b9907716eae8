# SPDX-License-Identifier: LGPL-2.1-or-later
"""Prints the reference of the elements for docs/elements.md.

What an element is, its pads, properties and signals come from the plugin as it was built, which
tests/gst/describe_elements asks; what it does, its launch lines and the longer words about a
property come from the comments of its source.

usage: elements.py [BUILD], the folder of a build, by default `build`
"""

import json
import os
import pathlib
import re
import subprocess
import sys
import tempfile

ROOT = pathlib.Path(__file__).resolve().parent.parent
COMMENT = re.compile(r"/\*\*\n(.*?)\*/", re.S)
SINCE = re.compile(r"^Since: (\S+)$", re.M)
EXAMPLE = re.compile(r"^(\|\[\n.*?^\]\|) *(.*?)\n(?=\|\[|\n|\Z)", re.M | re.S)
TYPES = {"gchararray": "string", "gint": "int", "guint": "uint", "gint64": "int64",
         "guint64": "uint64", "gdouble": "double", "gboolean": "boolean", "gfloat": "float",
         "GstFraction": "fraction", "GstStructure": "structure"}
WHEN = {"read-only": "read only", "ready": "set in NULL or READY", "paused": "set up to PAUSED",
        "playing": "set at any time", "construction": "set at construction",
        "unsaid": "set at any time"}


def comments():
    """{first line without its colon: the rest} of the reference comments in the sources."""
    found = {}
    for path in sorted((ROOT / "gst-plugin").glob("*/*.c")):
        for comment in COMMENT.findall(path.read_text(encoding="utf-8")):
            lines = [re.sub(r"^ *\* ?", "", line) for line in comment.splitlines()]
            found[lines[0].rstrip(":")] = "\n".join(lines[1:]).strip()
    return found


def markdown(text):
    """What a reference comment marks up, in the page's form."""
    text = EXAMPLE.sub(lambda m: f"\n{m[2]}\n\n{m[1]}\n", text)
    parts = re.split(r"^(\|\[\n.*?^\]\|)", text, flags=re.M | re.S)
    for i, part in enumerate(parts):
        if part.startswith("|["):
            parts[i] = f"```sh\n{part[3:-2]}```"
            continue
        part = re.sub(r"^## ", "### ", part, flags=re.M)
        part = re.sub(r"#\w+:([\w-]+)(=[\w-]+)?", lambda m: f"`{m[1]}{m[2] or ''}`", part)
        part = re.sub(r"#(\w+)", r"`\1`", part)
        part = re.sub(r"%(\w+)", r"`\1`", part)
        part = re.sub(r"(?<![`\w])(\w+\(\))(?!`)", r"`\1`", part)
        parts[i] = part
    return "".join(parts).strip()


def about(element, texts):
    """(what the comment of its source says, since which version)"""
    text = texts.get(f"SECTION:element-{element['name']}", "")
    since = SINCE.search(text)
    if not since:
        raise SystemExit(f"{element['name']}: the top of its source has no comment with"
                         f" SECTION:element-{element['name']} and Since")
    text = SINCE.sub("", re.sub(r"^@\w+: .*\n", "", text, flags=re.M))
    return markdown(text), since[1]


def launch_lines():
    """{element: the launch lines of its comment, each in one line}"""
    found = {}
    for title, text in comments().items():
        if title.startswith("SECTION:element-"):
            blocks = re.findall(r"^\|\[\n(.*?)^\]\|", text, re.M | re.S)
            found[title.split("-", 1)[1]] = [re.sub(r"\\\n\s*", "", block).strip()
                                             for block in blocks]
    return found


def caps_of(pad):
    if not pad["caps"]:
        return "anything"
    kinds = []
    for caps in pad["caps"]:
        kind = caps["media"]
        features = [f for f in caps["features"].split(", ") if f != "memory:SystemMemory"]
        if features:
            kind += f"({', '.join(features)})"
        words, fields = [], dict(caps["fields"])
        if "memory:DMABuf" in features:  # which has another form from 1.24 on
            fields = {name: value for name, value in fields.items() if "format" not in name}
            words.append("those formats, from GStreamer 1.24 on as `drm-format` where the kernel"
                         " has a name for them")
        for name, value in sorted(fields.items()):
            value = re.sub(r"\(\w+\)", "", value)
            limits = re.match(r"\[ (\S+), (\S+) \]$", value)
            if name == "format":
                words.append("any format" if value == "any" else "format " + value.strip("{ }"))
            elif limits and not limits[2].startswith("2147483647"):
                words.append(f"{name} {limits[1]} to {limits[2]}")
            elif not limits:
                words.append(f"{name} {value}")
        kinds.append(f"`{kind}`" + "".join(f"; {word}" for word in words))
    return "<br>".join(kinds)


def pads(element):
    lines = ["| pad | | caps |", "|---|---|---|"]
    rows = {}
    for pad in sorted(element["pads"], key=lambda p: (p["direction"], p["name"])):
        name = f"`{pad['name']}`"
        if not pad["name"].startswith(pad["direction"]):
            name += f" ({pad['direction']})"
        rows.setdefault((pad["presence"], caps_of(pad)), []).append(name)
    for (presence, caps), names in rows.items():
        lines.append(f"| {', '.join(names)} | {presence} | {caps} |")
    return "\n".join(lines)


def value_of(prop):
    """Its type, limits and default in words."""
    kind = TYPES.get(prop["type"], prop["type"])
    if "values" in prop:
        kind = "one of " + ", ".join(f"`{v['nick']}`" for v in prop["values"])
    least, most = ((f"{prop[limit]:.12g}" if limit in prop else "") for limit in ("min", "max"))
    if least and most:
        kind += f", {least} to {most}"
    elif least or most:
        kind += f", {least} or more" if least else f", up to {most}"
    if prop["when"] == "read-only":
        return kind
    initial = prop["default"]
    return f"{kind}; unset by default" if initial is None else f"{kind}; default `{initial}`"


def sentence(text):
    text = " ".join(text.split())
    return text if not text or text[-1] in ".?!" else text + "."


def properties(element, texts, since):
    lines = []
    for prop in element["properties"]:
        text = texts.get(f"{element['type']}:{prop['name']}", "")
        of_it = SINCE.search(text)
        lines.append(f"- **`{prop['name']}`** ({value_of(prop)}; {WHEN[prop['when']]}; since "
                     f"{of_it[1] if of_it else since})<br>\n  {sentence(prop['blurb'])}")
        if "values" in prop:
            lines[-1] += " " + sentence("; ".join(f"`{v['nick']}`: {v['what']}"
                                                  for v in prop["values"]))
        for paragraph in re.split(r"\n\n+", SINCE.sub("", text).strip()):
            if paragraph:
                lines[-1] += f"<br>\n  {sentence(markdown(paragraph))}"
    return "\n".join(lines)


def signals(element):
    lines = []
    for signal in element["signals"]:
        arguments = ", ".join(TYPES.get(a, a) for a in signal["arguments"])
        result = "" if signal["returns"] == "void" else f" returns {signal['returns']}"
        what = "an action: emit it" if signal["action"] else "emitted by the element"
        lines.append(f"- **`{signal['name']}`** ({arguments}){result}; {what}")
    return "\n".join(lines)


def page_of(element, texts):
    text, since = about(element, texts)
    above = element["above"]
    inherited = " > ".join(above[:above.index("GstElement")] or ["GstElement"])
    parts = [f"## {element['name']}",
             f"*{element['long-name']}: {sentence(element['description'])} {element['klass']},"
             f" a {inherited}; since {since}.*",
             text, "### Pads", pads(element)]
    if element["properties"]:
        parts += ["### Properties", properties(element, texts, since)]
    if element["signals"]:
        parts += ["### Signals", signals(element)]
    return "\n\n".join(parts)


def describe(build):
    """What the plugin in a build says, loaded without any other."""
    with tempfile.TemporaryDirectory() as folder:
        environment = dict(os.environ, GST_REGISTRY=f"{folder}/registry.bin", GST_PLUGIN_PATH="",
                           GST_PLUGIN_SYSTEM_PATH=folder, LC_ALL="C")
        done = subprocess.run([build / "tests" / "gst" / "describe_elements",
                               build / "gst-plugin" / "libgstwinnow.so"],
                              env=environment, stdout=subprocess.PIPE, check=True)
    return sorted(json.loads(done.stdout), key=lambda e: e["name"])


def reference(build):
    texts = comments()
    elements = describe(build)
    links = [f"[{e['name']}](#{e['name']})" for e in elements]
    return "\n\n".join([", ".join(links)] + [page_of(e, texts) for e in elements])


if __name__ == "__main__":
    print(reference(ROOT / (sys.argv[1] if len(sys.argv) > 1 else "build")))
