# SPDX-License-Identifier: LGPL-2.1-or-later
"""Each fp32 network's floor on this machine, and where winnow stands above it; prints Markdown.

The floor is the greater of two times: the network's multiply-accumulates at the measured peak of
the cores (direct convolution; Winograd may go below), and one reading of its weights at the
measured bandwidth of the memory, or of the last cache where they fit into half of it.  The peaks
are those of `test_kernels --bench`, the better of before and after.  Networks as in compare.py.
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


def measure_peaks(build, best=None):
    """{cores: [GFLOP/s, then GB/s of each level]}, not below `best`, an earlier result."""
    program = os.path.join(build, "tests", "kernels", "test_kernels")
    text = subprocess.run([program, "--bench", "peaks"], stdout=subprocess.PIPE, text=True,
                          check=True).stdout
    rows = [line.strip("| ").split(" | ") for line in text.splitlines()[2:]]
    peaks = {int(cells[0]): list(map(float, cells[1:])) for cells in rows}
    return {n: list(map(max, peak, best[n] if best else peak)) for n, peak in peaks.items()}


def print_peaks(peaks):
    print("| cores | GFLOP/s | L1 GB/s | L2 GB/s | L3 GB/s | memory GB/s |\n|" + "---:|" * 6)
    for n, peak in peaks.items():
        print(f"| {n} | " + " | ".join(f"{p:.1f}" for p in peak) + " |")
    print()


def measure(case, threads, options):
    """One network's time and work; None for a precision other than fp32."""
    winnow = sides.Winnow(options.build)
    first = winnow.block(case, threads, 3)
    if first["precision"] != "fp32":
        print(f"{case.name} is left out: its precision is {first['precision']}", file=sys.stderr)
        return None
    parameters = sides.run_json([winnow.program, "inspect", case.model, "--json"])["parameters"]
    frames = compare.n_frames(first, options)
    blocks = [sides.quiet_block(winnow, case, threads, frames, options.max_busy)
              for _ in range(options.rounds)]
    return {"network": case.name, "threads": threads, "weights": 4 * parameters,
            "macs": first["macs-per-second"] * first["latency-median"] / 1e9,
            "seconds": statistics.median(b["latency-median"] for b in blocks) / 1e9,
            "busy": statistics.median(b["busy"] for b in blocks)}


def print_floors(records, peaks):
    print("| network | threads | GMAC | weights MiB | arithmetic ms | weights ms | winnow ms | "
          "of the floor's speed | busy |\n|---|" + "---:|" * 8)
    for r in records:
        flops, _, _, l3, memory = peaks[r["threads"]]
        arithmetic = 2 * r["macs"] / flops / 1e9
        reading = r["weights"] / (l3 if r["weights"] < last_cache_bytes() / 2 else memory) / 1e9
        print(f"| {r['network']} | {r['threads']} | {r['macs'] / 1e9:.3f} | "
              f"{r['weights'] / 2**20:.1f} | {arithmetic * 1e3:.3g} | {reading * 1e3:.3g} | "
              f"{r['seconds'] * 1e3:.3g} | {100 * max(arithmetic, reading) / r['seconds']:.0f} % | "
              f"{r['busy']:.1f} |")


def main():
    parser = argparse.ArgumentParser(description=__doc__,
                                     formatter_class=argparse.RawDescriptionHelpFormatter)
    compare.add_options(parser)
    options = parser.parse_args()
    compare.check_options(parser, options)
    peaks, records = measure_peaks(options.build), []
    for threads in options.threads:
        if threads not in peaks:
            parser.error(f"--threads {threads}: peaks are known for {sorted(peaks)} cores")
    with tempfile.TemporaryDirectory() as folder:
        for name in options.networks.split(","):
            case = cases.Case(name, folder)
            records += [measure(case, threads, options) for threads in options.threads]
    peaks = measure_peaks(options.build, peaks)
    print(compare.processor() + "\n")
    print_peaks(peaks)
    print_floors([r for r in records if r], peaks)
    return 0


if __name__ == "__main__":
    sys.exit(main())
