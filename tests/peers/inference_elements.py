# SPDX-License-Identifier: LGPL-2.1-or-later
"""winnowclassify beside GStreamer's own `videoconvertscale ! onnxinference` (of 1.26): frames a
second that pass, all of one picture.

The picture is made once and only passed on after that, so that nothing but the element is measured;
what it takes to start, and the first frames, are left out.  The sides take turns, ROUNDS times;
medians are printed.  Each has a thread for every processor: onnxinference cannot be told another
number, and ONNX Runtime pins its threads to processors whatever the process is allowed.

usage: inference_elements.py MODEL[,PEER] ... [--pictures FOLDER] [--size WxH] [--rounds N]

PEER is the model that onnxinference is given where it cannot take MODEL, a cascade say.  Of
pictures (FOLDER/*/*.jpg) each round takes another one, for how early a network ends depends on what
it sees; without them it is a ball on black, which hardly any network knows.
GST_PLUGIN_PATH says where the plugin is.
"""
import argparse
import glob
import os
import statistics
import subprocess
import sys
import tempfile
import time

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), os.pardir, "oracle"))

import onnxfile

SECONDS, WARM = 3, 5  # of a run, after so many frames
CPUS = len(os.sched_getaffinity(0))
METADATA, KEY, VALUE = 14, 1, 2  # fields of ONNX's ModelProto and StringStringEntryProto


def field(number, payload):
    """One of less than 128 bytes, as protobuf has it."""
    return bytes([number << 3 | 2, len(payload)]) + payload


def named(model, folder):
    """A copy whose metadata has an id for each output, which onnxinference insists on."""
    path = os.path.join(folder, os.path.basename(model))
    with open(model, "rb") as old, open(path, "wb") as new:
        data = old.read()
        new.write(data)
        for output in onnxfile.load(data).outputs:
            new.write(field(METADATA, field(KEY, output.name.encode()) +
                            field(VALUE, b"classification-generic-out")))
    return path


def winnow(model):
    return f"winnowclassify model-file={model} threads={CPUS} post-messages=false"


def peer(model, folder):
    with open(model, "rb") as file:
        _, channels, height, width = onnxfile.load(file.read()).inputs[0].shape
    if channels != 3:
        sys.exit(f"{model}: its input is not planes of red, green and blue, as onnxinference is "
                 "told here")
    return (f"videoconvertscale n-threads=1 ! "
            f"video/x-raw,format=RGB,width={width},height={height},pixel-aspect-ratio=1/1 ! "
            f"onnxinference model-file={named(model, folder)} "
            "input-image-format=chw input-tensor-scale=127.5 optimization-level=enable-all")


def line_of(element, picture, options):
    width, height = options.size.split("x")
    source = (f"filesrc location={picture} ! jpegdec ! videoconvertscale" if picture else
              "videotestsrc num-buffers=1 pattern=ball")
    return (f"{source} ! video/x-raw,format=NV12,width={width},height={height} ! imagefreeze ! "
            f"video/x-raw,framerate=30/1 ! {element} ! fakesink name=sink sync=false")


def play(line):
    """In a process of its own: prints how many frames a second reach the sink once it runs."""
    import gi
    gi.require_version("Gst", "1.0")
    from gi.repository import Gst
    Gst.init(None)
    times = []

    def on_frame(_, __):
        times.append(time.monotonic())
        return Gst.PadProbeReturn.OK

    pipeline = Gst.parse_launch(line)
    pipeline.get_by_name("sink").get_static_pad("sink").add_probe(Gst.PadProbeType.BUFFER, on_frame)
    pipeline.set_state(Gst.State.PLAYING)
    while len(times) <= WARM or times[-1] - times[WARM] < SECONDS:
        message = pipeline.get_bus().timed_pop_filtered(20 * Gst.MSECOND, Gst.MessageType.ERROR)
        if message is not None:
            sys.exit(message.parse_error()[0].message)
    last = len(times) - 1
    print((last - WARM) / (times[last] - times[WARM]))
    pipeline.set_state(Gst.State.NULL)


def rate(element, picture, options):
    done = subprocess.run([sys.executable, __file__, "--play", line_of(element, picture, options)],
                          stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True, check=True)
    return float(done.stdout)


def choose(folder, n):
    """n pictures from all over the folder; None n times without one."""
    found = sorted(glob.glob(os.path.join(glob.escape(folder), "*", "*.jpg"))) if folder else [None]
    # a picture is an argument of gst-launch-1.0, whose words are parted at spaces here
    found = [picture for picture in found if " " not in (picture or "")]
    if not found:
        sys.exit(f"{folder}: has no pictures FOLDER/*/*.jpg")
    return [found[k * len(found) // n] for k in range(n)]


def compare(pair, options, folder):
    """Prints the row of MODEL[,PEER]."""
    ours, _, theirs = pair.partition(",")
    sides = [winnow(ours), peer(theirs or ours, folder)]
    runs = [[rate(side, picture, options) for side in sides]
            for picture in choose(options.pictures, options.rounds)]
    a, b = (statistics.median(column) for column in zip(*runs))
    ratio = statistics.median(x / y for x, y in runs)
    name = " beside ".join(os.path.basename(m).removesuffix(".onnx") for m in (ours, theirs) if m)
    print(f"| {name} | {a:.1f} | {b:.1f} | {ratio:.2f} |", flush=True)


def main():
    if sys.argv[1:2] == ["--play"]:
        play(sys.argv[2])
        return
    parser = argparse.ArgumentParser(description=__doc__.split("\n\n")[0])
    parser.add_argument("models", nargs="+", metavar="MODEL[,PEER]")
    parser.add_argument("--pictures", metavar="FOLDER")
    parser.add_argument("--size", default="1280x720")
    parser.add_argument("--rounds", type=int, default=5)
    options = parser.parse_args()
    if subprocess.run(["gst-inspect-1.0", "--exists", "onnxinference"], check=False).returncode:
        sys.exit("onnxinference is missing: Debian 13 has it in gstreamer1.0-plugins-bad")
    print(f"| {options.size} NV12, {CPUS} processors | winnowclassify, frames/s | "
          "onnxinference, frames/s | ratio |\n|---|---:|---:|---:|")
    with tempfile.TemporaryDirectory() as folder:
        for pair in options.models:
            compare(pair, options, folder)


if __name__ == "__main__":
    main()
