# SPDX-License-Identifier: LGPL-2.1-or-later
"""Results on frames that another process sends through unixfdsink (GStreamer 1.24): the first frame
has its own too, for a program that links libgstwinnow and for the elements of the plugin.

usage: check_unixfd.py READER MODEL
"""
import json
import os
import subprocess
import sys
import tempfile
import time

FRAMES = 5


def launch(line, **options):
    return subprocess.Popen(["gst-launch-1.0", "-q", *line.split()], text=True, **options)


def with_sender(folder, name, model, read):
    """What read(socket) gives while frames are sent to that."""
    socket = os.path.join(folder, name)
    sender = launch("videotestsrc is-live=true ! video/x-raw,format=RGB,width=64,height=48,"
                    f"framerate=30/1 ! winnowclassify model-file={model} threads=1 ! "
                    f"unixfdsink socket-path={socket}")
    try:
        while not os.path.exists(socket):
            assert sender.poll() is None, "the sender ended"
            time.sleep(0.05)
        return read(socket)
    finally:
        sender.terminate()
        sender.wait()


def main(reader, model):
    if subprocess.run(["gst-inspect-1.0", "--exists", "unixfdsink"], check=False).returncode:
        print("skipped: this GStreamer has no unixfdsink")
        sys.exit(77)
    with tempfile.TemporaryDirectory() as folder:
        labels = with_sender(folder, "library", model, lambda socket: subprocess.run(
            [reader, socket, str(FRAMES)], capture_output=True, text=True, check=True).stdout)
        labels = labels.splitlines()
        assert len(labels) == FRAMES and "no result" not in labels, labels
        lines = with_sender(folder, "elements", model, lambda socket: launch(
            f"unixfdsrc socket-path={socket} num-buffers={FRAMES} ! winnowpublish ! fakesink",
            stdout=subprocess.PIPE).communicate(timeout=60)[0])
        results = [json.loads(line) for line in lines.splitlines()]
        assert len(results) == FRAMES and results[0]["label"] in labels, results


if __name__ == "__main__":
    main(*sys.argv[1:])
