# SPDX-License-Identifier: LGPL-2.1-or-later
"""Each fp32 network's floor on this machine, and where winnow stands above it; prints Markdown.

The floor is the greater of two times: the network's multiply-accumulates at the measured peak of
the cores (direct convolution; Winograd may go below), and one reading of its weights at the
measured bandwidth of the memory, or of the last cache where they fit into half of it.  The peaks
are those of `test_kernels --bench`.  Networks as in compare.py.
"""

import argparse
import os
import re
import statistics
import subprocess
import sys
import tempfile

HERE = os.path.dirname(os.path.abspath(__file__))
ROOT = os.path.dirname(os.path.dirname(HERE))
sys.path[:0] = [os.path.join(ROOT, "tests", "golden"), os.path.join(ROOT, "tests", "oracle")]

import cases  # noqa: E402
import compare  # noqa: E402
import sides  # noqa: E402


def last_cache_bytes():
    try:
        with open("/sys/devices/system/cpu/cpu0/cache/index3/size") as f:
            size = re.fullmatch(r"(\d+)([KM]?)\s*", f.read())
        return int(size[1]) << {"": 0, "K": 10, "M": 20}[size[2]]
    except (OSError, TypeError):
        return 0


def measure_peaks(build):
    """(the table as printed, {cores: {"flops", "L3", "memory"} per second})."""
    program = os.path.join(build, "tests", "kernels", "test_kernels")
    text = subprocess.run([program, "--bench", "peaks"], stdout=subprocess.PIPE, text=True,
                          check=True).stdout
    peaks = {}
    line = r"^\| (\d+) " + r"\| ([\d.]+) " * 5
    for cores, flops, _, _, l3, memory in re.findall(line, text, re.M):
        peaks[int(cores)] = {"flops": float(flops) * 1e9, "L3": float(l3) * 1e9,
                             "memory": float(memory) * 1e9}
    return text.strip(), peaks


def row(case, threads, peak, winnow, options):
    first = winnow.block(case, threads, 3)
    if first["precision"] != "fp32":
        print(f"{case.name} is left out: its precision is {first['precision']}", file=sys.stderr)
        return None
    frames = compare.n_frames(first, options)
    blocks = [sides.quiet_block(winnow, case, threads, frames, options.max_busy)
              for _ in range(options.rounds)]
    took = statistics.median(b["latency-median"] for b in blocks) / 1e9
    macs = first["macs-per-second"] * first["latency-median"] / 1e9
    weights = first["weight-bytes"]
    arithmetic = 2 * macs / peak["flops"]
    reading = weights / peak["L3" if weights < last_cache_bytes() / 2 else "memory"]
    floor = max(arithmetic, reading)
    return [case.name, threads, f"{macs / 1e9:.3f}", f"{weights / 2**20:.1f}",
            f"{arithmetic * 1e3:.3g}", f"{reading * 1e3:.3g}", f"{took * 1e3:.3g}",
            f"{100 * floor / took:.0f} %", f"{statistics.median(b['busy'] for b in blocks):.1f}"]


def main():
    parser = argparse.ArgumentParser(description=__doc__,
                                     formatter_class=argparse.RawDescriptionHelpFormatter)
    compare.add_options(parser)
    options = parser.parse_args()
    compare.check_options(parser, options)
    table, peaks = measure_peaks(options.build)
    for threads in options.threads:
        if threads not in peaks:
            parser.error(f"--threads {threads}: peaks are known for {sorted(peaks)} cores")
    print(compare.processor() + "\n\n" + table + "\n")
    print("| network | threads | GMAC | weights MiB | arithmetic ms | weights ms | winnow ms | "
          "of the floor's speed | busy |\n|---|" + "---:|" * 8)
    with tempfile.TemporaryDirectory() as folder:
        for name in options.networks.split(","):
            case = cases.Case(name, folder)
            for threads in options.threads:
                cells = row(case, threads, peaks[threads], sides.Winnow(options.build), options)
                if cells:
                    print("| " + " | ".join(map(str, cells)) + " |", flush=True)
    return 0


if __name__ == "__main__":
    sys.exit(main())
