# SPDX-License-Identifier: LGPL-2.1-or-later
"""Calls every function of GstWinnow 1.0 from Python, several times, and lets go of what came back.

check_bindings.py MODEL

A function that the typelib has and this test does not call is an error: a wrong annotation shows
only where it is used.  The C library's allocator fills what is freed, so that a result which was
freed too early does not read as it did; where valgrind is installed the whole is run under it too.
"""
import gc
import json
import os
import shutil
import subprocess
import sys

import gi

gi.require_version("Gst", "1.0")
gi.require_version("GstVideo", "1.0")
gi.require_version("GstWinnow", "1.0")
from gi.repository import Gst, GstVideo, GstWinnow  # noqa: E402

VALGRIND = ["valgrind", "--quiet", "--error-exitcode=9", "--leak-check=no",
            "--suppressions=" + os.path.join(os.path.dirname(__file__), "valgrind.supp")]
CALLED = "WINNOW_BINDINGS_CHILD"
ROUNDS = 3


def picture(region):
    buffer = Gst.Buffer.new_wrapped(bytes(range(256)) * (64 * 48 * 3 // 256))
    buffer.pts = 0
    if region:
        GstVideo.buffer_add_video_region_of_interest_meta(buffer, "part", 8, 4, 32, 24)
    return buffer


def classify(model):
    """A buffer classified whole and the message that announced it, and one with a region."""
    pipeline = Gst.parse_launch(
        "appsrc name=in format=time caps=video/x-raw,format=RGB,width=64,height=48,framerate=1/1 "
        f"! winnowclassify name=classify model-file={model} threads=1 stable-time=0 "
        "! appsink name=out sync=false")
    buffers = []
    pipeline.set_state(Gst.State.PLAYING)
    for what in ("full-frame", "roi-list"):
        Gst.util_set_object_arg(pipeline.get_by_name("classify"), "inference-region", what)
        pipeline.get_by_name("in").emit("push-buffer", picture(what == "roi-list"))
        buffers.append(pipeline.get_by_name("out").emit("pull-sample").get_buffer())
    message = pipeline.get_bus().timed_pop_filtered(50 * Gst.SECOND, Gst.MessageType.ELEMENT)
    pipeline.set_state(Gst.State.NULL)
    return buffers[0], message, buffers[1]


def check_fields(result, calls, region):
    """Every getter, and what it must say of the test picture."""
    get = {name: getattr(result, name) for name in vars(GstWinnow.Result)
           if name.startswith("get_")}
    values = {name: call() for name, call in get.items()}
    calls.update("Result." + name for name in get)
    n = len(values["get_survivors"])
    assert n >= 1 and len(values["get_survivor_scores"]) == n, values
    assert values["get_survivor_labels"][0] == values["get_label"], values
    assert len(values["get_survivor_labels"]) == n, values
    assert values["get_survivors"][0] == values["get_class_index"], values
    assert values["get_survivor_scores"][0] == values["get_confidence"], values
    assert 0 <= values["get_exit_stage"] < values["get_stage_count"], values
    assert len(values["get_survivors_per_stage"]) == values["get_exit_stage"] + 1, values
    assert 0 < values["get_macs"] <= values["get_macs_full"], values
    assert 0.0 <= values["get_mac_reduction"] < 1.0 and values["get_latency_ns"] > 0, values
    assert values["get_group"] == "" and values["get_stop_reason"] != "", values
    assert values["get_model_id"].startswith("edge-cifar10@") and values["get_pts"] == 0, values
    assert tuple(values["get_region"]) == region, values
    assert values["get_region_name"] == ("" if region[0] else None), values
    assert values["get_survivor_count"] == n and values["get_watched"] == -1, values
    assert values["get_element"] == "classify", values
    assert values["get_cls_mtd"] in (-1, 0), values
    assert values["get_time"] == 0 and values["get_age_ns"] == 0, values
    calls.add("Result.to_json")
    fields = json.loads(result.to_json())
    assert fields["label"] == values["get_label"] and ("h" in fields) == region[0], fields
    return values["get_label"]


def check_added(message, calls):
    """A result that is attached here is what one reads."""
    buffer = Gst.Buffer.new()
    GstWinnow.buffer_add_result(buffer, message.get_structure())
    calls.add("buffer_add_result")
    check_fields(GstWinnow.Result.from_buffer(buffer), calls, (False, 0, 0, 0, 0))


def check_whole(buffer, message, calls):
    results = GstWinnow.results_from_buffer(buffer)
    assert len(results) == 1, results
    kept = results[0]
    del results
    gc.collect()
    label = check_fields(kept, calls, (False, 0, 0, 0, 0))
    structure = message.get_structure()
    for result in (GstWinnow.Result.from_buffer(buffer), GstWinnow.result_from_buffer(buffer),
                   GstWinnow.Result.from_message(message), GstWinnow.result_from_message(message),
                   GstWinnow.Result.from_structure(structure),
                   GstWinnow.result_from_structure(structure), kept.ref()):
        assert check_fields(result, calls, (False, 0, 0, 0, 0)) == label
    kept.ref().unref()
    assert kept.get_label() == label
    assert GstWinnow.results_from_buffer(Gst.Buffer.new()) == []
    assert GstWinnow.Result.from_buffer(Gst.Buffer.new()) is None
    assert GstWinnow.Result.from_structure(None) is None


def call_all(model):
    calls = {"meta_register", "results_from_buffer", "Result.ref", "Result.unref"}
    for source in ("buffer", "message", "structure", "region"):
        calls |= {f"result_from_{source}", f"Result.from_{source}"}
    assert GstWinnow.meta_register() is not None
    buffer, message, buffer_with_region = classify(model)
    for _ in range(ROUNDS):
        check_whole(buffer, message, calls)
        check_added(message, calls)
    region = GstVideo.buffer_get_video_region_of_interest_meta_id(buffer_with_region, 0)
    for _ in range(ROUNDS):
        for result in GstWinnow.Result.from_region(region), GstWinnow.result_from_region(region):
            check_fields(result, calls, (True, 8, 4, 32, 24))
        gc.collect()
    return calls


def functions_of_typelib():
    names = {name for name in dir(GstWinnow) if callable(getattr(GstWinnow, name))}
    found = {name for name in names if not isinstance(getattr(GstWinnow, name), type)}
    for kind in names - found:
        own = vars(getattr(GstWinnow, kind))
        found.update(f"{kind}.{name}" for name in own if not name.startswith("_"))
    return {name for name in found if not name.startswith("_")}


def main(model):
    Gst.init(None)
    calls, known = call_all(model), functions_of_typelib()
    assert known == calls, f"not called: {sorted(known - calls)}, unknown: {sorted(calls - known)}"
    print(f"{len(calls)} functions called")


def run_child(arguments, command, extra):
    environment = dict(os.environ, PYTHONMALLOC="malloc", **{CALLED: "1"}, **extra)
    done = subprocess.run(command + [sys.executable, __file__] + arguments, env=environment)
    assert done.returncode == 0, f"{' '.join(command) or 'plain'}: status {done.returncode}"


if __name__ == "__main__":
    if CALLED in os.environ:
        main(sys.argv[1])
    else:
        run_child(sys.argv[1:], [], {"MALLOC_PERTURB_": "165"})
        if shutil.which("valgrind"):
            run_child(sys.argv[1:], VALGRIND, {})
