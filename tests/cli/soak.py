# SPDX-License-Identifier: LGPL-2.1-or-later
"""Long runs through the elements: the memory of the process must not grow.

Usage: soak.py MODEL [FRAMES].  GST_PLUGIN_PATH says where the plugin is.
"""
import pathlib
import re
import subprocess
import sys
import time

LIMIT_KB = 2048  # what the allocator may hold back; 50,000 leaked metas would be over 20 MB
PIPELINES = {
    "in step": "videotestsrc pattern=snow num-buffers={n} ! video/x-raw,format=I420,width=160,"
               "height=120 ! winnowclassify model-file={m} ! winnowoverlay ! fakesink",
    "async": "videotestsrc pattern=snow num-buffers={n} ! video/x-raw,format=RGB,width=64,"
             "height=48,framerate=1000/1 ! identity sync=true ! "
             "winnowclassify model-file={m} async=true ! fakesink",
}


def rss_kb(process):
    try:
        text = pathlib.Path(f"/proc/{process.pid}/status").read_text(encoding="ascii")
    except OSError:
        return None
    found = re.search(r"VmRSS:\s+(\d+)", text)
    return int(found.group(1)) if found else None


def main():
    model = sys.argv[1]
    frames = sys.argv[2] if len(sys.argv) > 2 else "50000"
    failed = False
    for name, line in PIPELINES.items():
        command = ["gst-launch-1.0", "-q", *line.format(n=frames, m=model).split()]
        samples = []
        with subprocess.Popen(command) as process:
            while process.poll() is None:
                samples.append(rss_kb(process))
                time.sleep(0.2)
        samples = [sample for sample in samples if sample]
        if process.returncode != 0 or len(samples) < 8:
            print(f"{name}: the pipeline ended with status {process.returncode}")
            failed = True
            continue
        quarter = len(samples) // 4
        early, late = max(samples[quarter:2 * quarter]), max(samples[-quarter:])
        print(f"{name}: {frames} frames, {early} kB early, {late} kB late")
        failed = failed or late - early > LIMIT_KB
    sys.exit(failed)


if __name__ == "__main__":
    main()
