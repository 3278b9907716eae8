#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""Prints one line a frame: what winnowclassify says about a camera or any other source.

usage: appsink.py MODEL.onnx [SOURCE]

SOURCE is a part of a gst-launch line that gives raw video; the default is the first
camera. Needs python3-gi and GstWinnow-1.0.typelib, which comes with Winnow.
"""
import signal
import sys

import gi

gi.require_version("Gst", "1.0")
gi.require_version("GstWinnow", "1.0")
from gi.repository import Gst, GstWinnow  # noqa: E402  (versions are chosen first)


def on_sample(sink):
    result = GstWinnow.Result.from_buffer(sink.emit("pull-sample").get_buffer())
    if result is not None:
        print(f"{result.get_pts() / Gst.SECOND:.3f} s  {result.get_label() or 'nothing'}"
              f"  {100 * result.get_confidence():.1f} %"
              f"  exit {result.get_exit_stage()}/{result.get_stage_count() - 1},"
              f" {result.get_stop_reason()}, {100 * result.get_mac_reduction():.0f} % saved"
              f"  [{', '.join(result.get_survivor_labels())}]", flush=True)
    return Gst.FlowReturn.OK


def main():
    if len(sys.argv) not in (2, 3) or sys.argv[1].startswith("-"):
        sys.exit(__doc__)
    signal.signal(signal.SIGPIPE, signal.SIG_DFL)  # `appsink.py ... | head` ends quietly
    Gst.init(None)
    source = sys.argv[2] if len(sys.argv) == 3 else "v4l2src"
    pipeline = Gst.parse_launch(f"{source} ! videoconvert ! winnowclassify name=classify"
                                " ! appsink name=sink sync=false emit-signals=true")
    pipeline.get_by_name("classify").set_property("model-file", sys.argv[1])
    pipeline.get_by_name("sink").connect("new-sample", on_sample)
    pipeline.set_state(Gst.State.PLAYING)
    try:
        message = pipeline.get_bus().timed_pop_filtered(
            Gst.CLOCK_TIME_NONE, Gst.MessageType.EOS | Gst.MessageType.ERROR)
    except KeyboardInterrupt:
        message = None
    pipeline.set_state(Gst.State.NULL)
    if message is not None and message.type == Gst.MessageType.ERROR:
        sys.exit(f"{message.src.get_name()}: {message.parse_error()[0].message}")


if __name__ == "__main__":
    main()
