# SPDX-License-Identifier: LGPL-2.1-or-later
"""The zoo's records, read from the files beside each network, and the tables made of them."""

import glob
import json
import os
import re
import statistics


BLIND = 1e-3  # outputs that move less from one picture to another


def records(root, only=""):
    """One dictionary per file: made.json, result.json and time.json together, and its folder."""
    found = []
    for path in sorted(glob.glob(os.path.join(root, "*", "*", "made.json"))):
        folder = os.path.dirname(path)
        record = {"folder": folder}
        for name in ("made", "result", "time"):
            part = os.path.join(folder, name + ".json")
            if os.path.exists(part):
                with open(part) as f:
                    record.update(json.load(f))
        if any(word in f"{record['group']}/{record['name']}" for word in only.split(",")):
            found.append(record)
    return found


def ratios(group):
    return [r["ratio"]["median"] for r in group if r.get("agrees") and "ratio" in r]


def to_run(record):
    """Whether winnow has to run it: ONNX Runtime does, and nothing speaks for a refusal."""
    return bool(record.get("valid")) and not record.get("refusal")


def share(group, key):
    """Of the files that winnow has to run: '12 of 13'."""
    valid = [r for r in group if to_run(r)]
    return f"{sum(bool(r.get(key)) for r in valid)} of {len(valid)}"


def summary_row(name, group):
    """Name, made, not made, rightly refused, accepted, agreeing, median and largest ratio."""
    made = [r for r in group if "error" not in r]
    times = ratios(group)
    return [name, len(made), len(group) - len(made),
            sum(not to_run(r) and not r["accepted"] for r in made if "valid" in r),
            share(group, "accepted"), share(group, "agrees"),
            f"{statistics.median(times):.2f}" if times else "",
            f"{max(times):.2f}" if times else ""]


def lines(head, rows, texts=("written by", "file", "answer", "judged by")):
    """Columns other than `texts` are numbers."""
    marks = ["---" if name in texts else "---:" for name in head]
    return [f"| {' | '.join(map(str, cells))} |" for cells in (head, marks, *rows)]


def by_group(all_records):
    groups = {}
    for record in all_records:
        groups.setdefault(record["group"], []).append(record)
    return groups


def summary(all_records):
    head = ["written by", "files", "it could not write", "rightly refused", "accepted", "agree",
            "time, median", "worst"]
    rows = [summary_row(name, group) for name, group in by_group(all_records).items()]
    return lines(head, [*rows, summary_row("all", all_records)])


def milliseconds(ns):
    return f"{ns / 1e6:.3g}" if ns < 1e9 else f"{ns / 1e6:.0f}"


def refused_well(record):
    """Whether it had to be refused and the message says why."""
    return bool(record.get("refusal") and re.search(record["refusal"], record["message"]))


def answer(record):
    if "error" in record:
        return "not written"
    if "valid" not in record:
        return "not run yet"
    if not record["valid"]:
        return "invalid, refused" if not record["accepted"] else "invalid, accepted"
    if not record["accepted"]:
        return "refused, rightly" if refused_well(record) else "**refused**"
    if not record["agrees"]:
        return "**differs**"
    return "agrees" if record["moves"] > BLIND else "agrees, but all pictures look alike to it"


def detail_row(record):
    apart = f"{record['distance']:.1e}" if "distance" in record else ""
    rule = record.get("rule") or ""
    times = [milliseconds(record[k]) for k in ("winnow-ns", "peer-ns")] if "ratio" in record \
        else ["", ""]
    ratio = f"{record['ratio']['median']:.2f}" if "ratio" in record else ""
    return [record["name"], answer(record), apart, "" if rule == "1e-4" else rule, *times, ratio]


def reasons(all_records):
    """Why files are not in the table of those that agree, one line each."""
    found = []
    for r in all_records:
        name = f"{r['group']}/{r['name']}"
        if "error" in r:
            found.append(f"- {name}: its tool: {r['error']}")
        elif r.get("valid") is False:
            peer = r["peer"].replace(r["folder"] + os.sep, "")  # the page is about no machine
            found.append(f"- {name}: ONNX Runtime: {peer}; Winnow: "
                         f"{r['message'].removeprefix('winnow: ') or 'runs it'}")
        elif r.get("accepted") is False:
            if not refused_well(r):
                found.append(f"- {name}: {r['message'].removeprefix('winnow: ')}")
        elif r.get("agrees") is False:
            found.append(f"- {name}: differs by {r['distance']:.1e}, ONNX Runtime from itself by "
                         f"{max(r['spread'], r.get('noise', 0)):.1e}")
    return found


def markdown(all_records):
    head = ["file", "answer", "distance", "judged by", "winnow ms", "ONNX Runtime ms", "ratio"]
    out = summary(all_records)
    for name, group in by_group(all_records).items():
        out += ["", f"### {name}", "", *lines(head, map(detail_row, group))]
    if why := reasons(all_records):
        out += ["", "### Not accepted, not agreeing, not written", "", *why]
    return "\n".join(out)
