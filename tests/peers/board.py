# SPDX-License-Identifier: LGPL-2.1-or-later
"""What `./bench.sh` measures on a board; prints Markdown and writes it to a file.

First what the board is, as far as the system says, then a row per network, precision and number of
threads, measured as by compare.py: in rounds, in turns with ONNX Runtime if that is installed, each
block in a process of its own.  Needs Python's standard library alone.

The peak is that of the fastest kernel of the network's layers (`winnow bench --layers`) on each
core, the best of all measurements of it; Winograd's filtering may go above.
"""

import argparse
import glob
import math
import os
import platform
import re
import subprocess
import sys
import tempfile
from types import SimpleNamespace

import compare
import sides

ROOT = compare.ROOT
LAYER_FRAMES = 10
BUSY = 0.2  # cores: more of them used by others is worth a word

# `vcgencmd get_throttled` of a Raspberry Pi: what has happened since its start.
THROTTLED = {16: "voltage too low", 17: "frequency capped", 18: "throttled", 19: "too hot"}


# ---- the board -------------------------------------------------------------------------------


def read(path):
    """The text of a file of the system without its end; None if there is none."""
    try:
        with open(path, encoding="utf-8", errors="replace") as f:
            return f.read().strip("\0\n ") or None
    except OSError:
        return None


def output(*command):
    """What a program prints; None if it fails or is not there."""
    try:
        done = subprocess.run(command, capture_output=True, text=True, check=True, cwd=ROOT,
                              env={**os.environ, "LC_ALL": "C"})
    except (OSError, subprocess.CalledProcessError):
        return None
    return done.stdout.strip()


def joined(*parts):
    return ", ".join(p for p in parts if p)


def board():
    dmi = [read(f"/sys/class/dmi/id/{name}") for name in ("sys_vendor", "product_name")]
    return read("/proc/device-tree/model") or " ".join(filter(None, dmi)) or "unknown"


def processor():
    """/proc/cpuinfo has numbers in place of names on Arm, lscpu has names."""
    names = re.findall(r"^Model name:\s*(.+)", output("lscpu") or "", re.M)
    names = list(dict.fromkeys(n for n in names if n != "-"))
    return joined(" + ".join(names) or compare.processor().rsplit(",", 1)[0],
                  f"{cores()} core{'s' if cores() > 1 else ''}", frequency())


def cores():
    return len(os.sched_getaffinity(0))


def frequency():
    folder = "/sys/devices/system/cpu/cpu0/cpufreq/"
    most, governor = read(folder + "scaling_max_freq"), read(folder + "scaling_governor")
    return joined(most and f"{int(most) / 1e6:.2g} GHz at most",
                  governor and f"governor {governor}")


def memory():
    total = re.search(r"MemTotal:\s*(\d+)", read("/proc/meminfo") or "")
    return f"{int(total[1]) / 2**20:.1f} GiB" if total else "unknown"


def system():
    try:
        name = platform.freedesktop_os_release()["PRETTY_NAME"]
    except (OSError, KeyError):
        name = None
    return joined(name, f"Linux {os.uname().release} {os.uname().machine}")


def compiler(build):
    log = read(os.path.join(build, "meson-logs", "meson-log.txt")) or ""
    found = re.search(r"^C compiler for the host machine: .*?\((\S+ [\d.]+)", log, re.M)
    return found and found[1]


def revision():
    """None outside a git checkout."""
    commit = output("git", "rev-parse", "--short", "HEAD")
    changed = commit and output("git", "status", "--porcelain", "--untracked-files=no")
    return commit and f"git {commit}{' with changes' if changed else ''}"


def temperature():
    """Degrees Celsius of the hottest zone; None where no zone says."""
    zones = [read(path) for path in glob.glob("/sys/class/thermal/thermal_zone*/temp")]
    values = [int(z) / 1000 for z in zones if z and z.lstrip("-").isdigit()]
    return max(values, default=None)


def throttled():
    """What slowed a Raspberry Pi since it started, in words; None on other boards."""
    bits = re.fullmatch(r"throttled=0x([0-9a-f]+)", output("vcgencmd", "get_throttled") or "")
    if not bits:
        return None
    found = [what for bit, what in THROTTLED.items() if int(bits[1], 16) >> bit & 1]
    return "since it started: " + (", ".join(found) or "never slowed")


def heat(before):
    after = temperature()
    degrees = f"{before:.0f} °C before, {after:.0f} after" if before and after else None
    return joined(degrees, throttled())


# ---- measuring -------------------------------------------------------------------------------


def kernel_peaks(block):
    """{kernel: multiply-accumulates a second of one core}"""
    return {layer["kernel"]: 1e9 * layer["macs"] / layer["latency-median"] /
            layer["share-of-peak"] / block["threads"]
            for layer in block["layers"] if layer.get("share-of-peak")}


def put_shares_of_peak(records):
    """Of what all threads could multiply with the fastest of the network's kernels; None where
    no layer's kernel has a peak."""
    best = {}
    for kernel, peak in (item for r in records for item in r["peaks"].items()):
        best[kernel] = max(peak, best.get(kernel, 0))
    for r in records:
        peak = r["threads"] * max((best[kernel] for kernel in r["peaks"]), default=0)
        r["of-peak"] = r["sides"]["winnow"]["macs-per-second"] / peak if peak else None


def precisions(case, options):
    """Those worth a row, and the sets of instructions in use.  By its rule alone auto takes
    bfloat16 exactly where the file allows it and the processor has units for it."""
    first = sides.Winnow(options.build).block(case, 1, 1, WINNOW_AUTO="rule")
    bf16 = ["fp32", "bf16", "auto"]
    return bf16 if first["precision"] == "bf16" else ["auto"], first["instruction-sets"]


def measure_row(case, precision, threads, peers, options):
    """compare.measure(), also of a file that only winnow runs."""
    winnow = sides.Winnow(options.build, precision=precision)
    try:
        record = compare.measure(case, winnow, peers, threads, options)
    except subprocess.CalledProcessError as error:
        if error.cmd[0] == winnow.program:
            raise
        print(f"{case.name}: a peer does not run it", file=sys.stderr)
        record = compare.measure(case, winnow, [], threads, options)
    record["peaks"] = kernel_peaks(winnow.block(case, threads, LAYER_FRAMES, "--layers"))
    return record


def measure_network(path, peers, options):
    """(rows, sets of instructions) of one file; no rows where winnow does not run it."""
    name = os.path.splitext(os.path.basename(path))[0]
    case = SimpleNamespace(name=name, model=path, tensor=None)
    try:
        asked, sets = precisions(case, options)
        rows = []
        for precision in asked:
            for threads in sorted({1, cores()}):
                print(f"{case.name}, {precision}, threads {threads} ...", file=sys.stderr)
                rows.append(measure_row(case, precision, threads, peers, options))
                if precision == "auto" and len(asked) > 1:
                    rows[-1]["precision"] = f"auto: {rows[-1]['precision']}"
        return rows, sets
    except subprocess.CalledProcessError:
        print(f"{path} is left out: winnow does not run it", file=sys.stderr)
        return [], None


# ---- printing --------------------------------------------------------------------------------


def cells(record):
    ours, theirs = record["sides"]["winnow"], record["sides"].get(sides.OnnxRuntime.name)
    row = [record["network"], record["precision"], str(record["threads"]),
           compare.ms(ours["latency-median"]), f"{ours['macs-per-second'] / 1e9:.3g}",
           f"{100 * record['of-peak']:.0f} %" if record["of-peak"] else "",
           compare.ms(ours["load-time"]), compare.mib(ours["rss-growth-bytes"])]
    if theirs:
        row += [compare.ms(theirs["latency-median"]), "{median:.2f}".format(**theirs["ratio"])]
    if theirs and record["rounds"] > 1:
        row += ["{min:.2f}..{max:.2f}".format(**theirs["ratio"])]
    return row


def table(records):
    rows = list(map(cells, records))
    head = ["network", "precision", "threads", "ms", "GMAC/s", "of the peak", "load ms", "MiB",
            "ONNX Runtime ms", "ratio", "spread"]
    width = max(map(len, rows))
    rows = [row + [""] * (width - len(row)) for row in rows]
    return ["| " + " | ".join(head[:width]) + " |", "|---|---|" + "---:|" * (width - 2),
            *("| " + " | ".join(row) + " |" for row in rows)]


def facts(records, sets, before, options):
    versions = {k: v for r in records for k, v in r["versions"].items()}
    version = output(sides.Winnow(options.build).program, "--version")
    lines = [("board", board()), ("processor", processor()),
             ("instruction sets", sets.replace(",", ", ") or "none"), ("memory", memory()),
             ("system", system()),
             ("built", joined(version, revision(), compiler(options.build))),
             ("beside it", joined(*(f"{k} {v}" for k, v in versions.items()))),
             ("heat", heat(before))]
    return [f"- {name}: {value}" for name, value in lines if value]


def remarks(records, options):
    busy = max(side["busy"] for r in records for side in r["sides"].values())
    yield ("Batch 1, random input, the whole network with its exits and none taken; medians of "
           f"{options.rounds} round{'s' if options.rounds > 1 else ''} of {options.seconds:g} s. "
           "MiB: what memory grew by, from before loading.")
    if any(sides.OnnxRuntime.name in r["sides"] for r in records):
        yield "A ratio below 1: Winnow is faster."
    if options.quick:
        yield "This was a quick look (--quick)."
    if busy > BUSY:
        yield (f"Other programs kept up to {busy:.1f} cores busy meanwhile: the figures of an idle "
               "board are better ones.")


# ---- the command -----------------------------------------------------------------------------


def parse():
    parser = argparse.ArgumentParser(description=__doc__,
                                     formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("models", nargs="+", metavar="MODEL.onnx")
    parser.add_argument("--quick", action="store_true", help="one short round")
    parser.add_argument("--build", default=os.path.join(ROOT, "build-bench"), metavar="DIR",
                        help="the build folder (default build-bench)")
    parser.add_argument("--out", default="bench.md", metavar="FILE", help="default bench.md")
    options = parser.parse_args()
    options.peers, options.max_busy = "ort", math.inf
    options.rounds, options.seconds = (1, 0.1) if options.quick else (3, 1.0)
    return options


def main():
    options = parse()
    winnow = sides.Winnow(options.build)
    if winnow.missing():
        sys.exit(f"{winnow.program} is missing: {winnow.missing()}")
    before, records, sets, left_out = temperature(), [], None, 0
    with tempfile.TemporaryDirectory() as folder:
        peers = compare.find_peers(options, folder)
        for path in options.models:
            rows, found = measure_network(path, peers, options)
            records, sets, left_out = records + rows, found or sets, left_out + (not rows)
    if not records:
        sys.exit("nothing was measured")
    put_shares_of_peak(records)
    text = "\n".join([*facts(records, sets or "", before, options), "", *table(records), "",
                      " ".join(remarks(records, options))]) + "\n"
    with open(options.out, "w", encoding="utf-8") as f:
        f.write(text)
    print(text)
    print(f"Written to {options.out}", file=sys.stderr)
    return 1 if left_out else 0


if __name__ == "__main__":
    sys.exit(main())
