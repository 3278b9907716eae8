# SPDX-License-Identifier: LGPL-2.1-or-later
"""winnowshmsink and winnowshmsrc beside GStreamer's shmsink and shmsrc.

One process publishes frames of 1920x1080 NV12 at 60 a second, others read them; a row for each pair
of elements and number of readers: frames that a reader got in a second, and the processor time of
all processes for a published frame, beside that of plain copies of the frame, one for the
publisher and one for each reader.  A copy costs more when there is one every 1/60 s, as here, than
in a loop that does nothing else and finds processor and memory awake; both are compared with.
What it takes to start the programs is left out: a round is a short run and one three times as
long, of which the difference counts.  The copies and the pairs take turns, ROUNDS times; medians
are printed, also of the rounds' ratios.

usage: shm_elements.py [SECONDS [ROUNDS]]   (3, 3; GST_PLUGIN_PATH says where the plugin is)
"""
import os
import resource
import signal
import statistics
import subprocess
import sys
import tempfile
import time

WIDTH, HEIGHT, RATE = 1920, 1080, 60
BYTES = WIDTH * HEIGHT * 3 // 2
CAPS = f"video/x-raw,format=NV12,width={WIDTH},height={HEIGHT},framerate={RATE}/1"
# The source fills nothing: what is measured is the way from process to process.
SOURCE = (f"fakesrc sizetype=fixed sizemax={BYTES} filltype=nothing format=time do-timestamp=true "
          f"datarate={BYTES * RATE} ! {CAPS}")
PAIRS = {
    "winnow": ("winnowshmsink socket-path={path}",
               "winnowshmsrc socket-path={path} num-buffers={n} ! fakesink sync=false"),
    "shm": ("shmsink socket-path={path} wait-for-connection=false shm-size={size}",
            "shmsrc socket-path={path} is-live=true num-buffers={n} ! {caps} ! "
            "fakesink sync=false"),
}


def launch(text):
    return subprocess.Popen(["gst-launch-1.0", "-q", *text.split()], stdout=subprocess.DEVNULL)


def processor_seconds(process):
    """Waits for it."""
    _, _, used = os.wait4(process.pid, 0)
    process.returncode = 0
    return used.ru_utime + used.ru_stime


def run(pair, readers, seconds):
    """(seconds until the readers had their frames, seconds of publishing, processor seconds)."""
    sink, source = PAIRS[pair]
    frames = int(seconds * RATE)
    with tempfile.TemporaryDirectory(prefix="winnow-shm-") as folder:
        names = {"path": os.path.join(folder, "socket"), "n": frames, "size": 16 * BYTES,
                 "caps": CAPS}
        publisher = launch(f"{SOURCE} ! {sink.format(**names)}")
        begin = time.monotonic()
        while not os.path.exists(names["path"]):
            time.sleep(0.01)
        time.sleep(0.5)
        first = time.monotonic()
        others = [launch(source.format(**names)) for _ in range(readers)]
        used = sum(processor_seconds(other) for other in others)
        end = time.monotonic()
        publisher.send_signal(signal.SIGINT)
        used += processor_seconds(publisher)
    return end - first, end - begin, used


def measure(pair, readers, seconds):
    """(frames a second that a reader got, processor ms of all for a published frame)."""
    short, long = run(pair, readers, seconds), run(pair, readers, 3 * seconds)
    reading, publishing, used = (b - a for a, b in zip(short, long))
    return 2 * seconds * RATE / reading, 1000 * used / (publishing * RATE)


def copy_ms(pause):
    """Processor time of one plain copy of a frame, from memory that is in no cache, with `pause`
    seconds of sleep before each; what sleeping costs itself is left out."""
    buffers = [bytearray(BYTES) for _ in range(32)]
    n = 120
    used = []
    for copies in (False, True):
        before = resource.getrusage(resource.RUSAGE_SELF)
        for k in range(n):
            if pause:
                time.sleep(pause)
            if copies:
                memoryview(buffers[k % 16])[:] = memoryview(buffers[16 + k % 16])
        after = resource.getrusage(resource.RUSAGE_SELF)
        used.append(after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime)
    return 1000 * (used[1] - used[0]) / n


def main():
    seconds = float(sys.argv[1]) if len(sys.argv) > 1 else 3
    rounds = int(sys.argv[2]) if len(sys.argv) > 2 else 3
    copies, lines = [], []
    for readers in (1, 4):
        found = {pair: [] for pair in PAIRS}
        for _ in range(rounds):
            copies.append((copy_ms(1 / RATE), copy_ms(0)))
            for pair in PAIRS:
                rate, used = measure(pair, readers, seconds)
                found[pair].append((rate, used,
                                    *(used / ((1 + readers) * copy) for copy in copies[-1])))
        for pair, runs in found.items():
            rate, used, *ratios = (statistics.median(column) for column in zip(*runs))
            lines.append(f"| {readers} | {pair}shmsink, {pair}shmsrc | {rate:.1f} | {used:.2f} | "
                         f"{ratios[0]:.2f} | {ratios[1]:.2f} |".replace("shmshm", "shm"))
    paced, busy = (statistics.median(column) for column in zip(*copies))
    print(f"{WIDTH} x {HEIGHT} NV12 at {RATE} frames/s; a copy takes {paced:.2f} ms at this rate, "
          f"{busy:.2f} ms in a loop\n")
    print("| readers | elements | frames/s of a reader | processor ms a frame | of copies at this "
          "rate | of copies in a loop |")
    print("|---:|---|---:|---:|---:|---:|")
    print("\n".join(lines))


if __name__ == "__main__":
    main()
