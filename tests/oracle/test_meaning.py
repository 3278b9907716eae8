# SPDX-License-Identifier: LGPL-2.1-or-later
"""What a model's input means where no winnow.* key says it: from the files that libraries leave
beside it, from other keys, from the network itself.  Each case has what the library's own code
makes of a pixel."""

import configparser
import json
import os
import pathlib
import subprocess
import tempfile

import numpy as np
import onnxfile as of

WINNOW = os.environ["WINNOW"]
PIXEL = np.array([200, 100, 50])  # red, green, blue
IMAGENET = [0.485, 0.456, 0.406], [0.229, 0.224, 0.225]


def inspect(path, *options):
    done = subprocess.run([WINNOW, "inspect", str(path), "--json", *options], capture_output=True,
                          text=True, check=False)
    assert done.returncode == 0, done.stderr
    shown = json.loads(done.stdout)
    said = f"winnow: {shown['warning']}\n" if shown["warning"] else ""
    assert done.stderr == said, (done.stderr, said)
    return shown


def network(front=(), inits=(), meta=None, kind=of.FLOAT, shape=(1, 3, 16, 16), x="x"):
    """`front` reads x and ends in `x` of the arguments; three scores behind it."""
    nodes = [*front, of.make_node("Conv", [x, "w"], ["c"]),
             of.make_node("GlobalAveragePool", ["c"], ["g"]),
             of.make_node("Flatten", ["g"], ["y"])]
    weights = np.ones((3, 3, 1, 1), np.float32)
    model = of.make_model(nodes, [("x", shape, kind)], [("y", (1, 3))], [("w", weights), *inits],
                          meta=meta)
    return model


def seen(entry, pixel=PIXEL):
    """What the network gets of the pixel, in the order of its channels."""
    values = (pixel / 255 - np.array(entry["mean"])) / np.array(entry["std"])
    return values[::-1] if entry["channels"] == "bgr" else values


def f(*values):
    return np.array(values, np.float32)


def check(what, model, right, source, files=(), **expected):
    with tempfile.TemporaryDirectory() as folder:
        path = pathlib.Path(folder) / "m.onnx"
        path.write_bytes(model)
        for name, content in dict(files).items():
            text = content if isinstance(content, str) else json.dumps(content)
            (path.parent / name).write_text(text, encoding="utf-8")
        shown = inspect(path)
    entry = shown["inputs"][0]
    assert entry["source"]["mean"] == source, (what, entry)
    assert np.allclose(seen(entry), right, atol=2e-3), (what, seen(entry), right)
    assert (shown["warning"] is None) == (expected.pop("warning", None) is None), (what, shown)
    for key, value in expected.items():
        got = shown[key] if key in shown else entry[key]
        same = abs(got - value) < 1e-9 if isinstance(value, float) else got == value
        assert same, (what, key, got, value)


# ---- files beside the model -------------------------------------------------------------------

HALF = [0.5, 0.5, 0.5]
transformers = {
    "ViT": ({"image_processor_type": "ViTImageProcessor", "do_normalize": True, "do_resize": True,
             "size": {"height": 16, "width": 16}, "image_mean": HALF, "image_std": HALF},
            [.569, -.216, -.608], {"resize": "stretch", "crop": 1.0, "rounding": "down",
                                   "interpolation": "bilinear"}),
    "an old ViT": ({"feature_extractor_type": "ViTFeatureExtractor", "do_normalize": True,
                    "size": 16, "image_mean": HALF, "image_std": HALF},
                   [.569, -.216, -.608], {"resize": "stretch", "crop": 1.0}),
    "DeiT": ({"image_processor_type": "DeiTImageProcessor", "do_normalize": True, "size": 256,
              "do_center_crop": True, "crop_size": 224, "image_mean": HALF, "image_std": HALF,
              "resample": 3},
             [.569, -.216, -.608],
             {"resize": "stretch", "crop": 0.875, "interpolation": "bicubic"}),
    "MobileViT": ({"image_processor_type": "MobileViTImageProcessor", "do_center_crop": True,
                   "do_flip_channel_order": True, "size": {"shortest_edge": 288},
                   "crop_size": {"height": 256, "width": 256}, "image_mean": HALF,
                   "image_std": HALF},
                  [.196, .392, .784], {"resize": "crop", "crop": 256 / 288, "channels": "bgr"}),
    "EfficientNet": ({"image_processor_type": "EfficientNetImageProcessor", "do_rescale": True,
                      "rescale_factor": 1 / 127.5, "rescale_offset": True, "size": 16,
                      "image_mean": HALF, "image_std": HALF, "resample": 0},
                     [1.137, -.431, -1.216], {"resize": "stretch", "interpolation": "nearest"}),
    "EfficientNet without its top": (
        {"image_processor_type": "EfficientNetImageProcessor", "rescale_factor": 1 / 127.5,
         "rescale_offset": True, "include_top": False, "size": 16, "image_mean": HALF,
         "image_std": HALF}, [.569, -.216, -.608], {}),
    "ConvNext": ({"image_processor_type": "ConvNextImageProcessor", "do_normalize": True,
                  "size": {"shortest_edge": 224}, "crop_pct": 0.875, "image_mean": IMAGENET[0],
                  "image_std": IMAGENET[1], "resample": 1},
                 (PIXEL / 255 - IMAGENET[0]) / IMAGENET[1],
                 {"resize": "crop", "crop": 0.875, "rounding": "down",
                  "interpolation": "lanczos"}),
    "a large ConvNext": ({"image_processor_type": "ConvNextImageProcessor", "do_normalize": True,
                          "size": {"shortest_edge": 384}, "image_mean": IMAGENET[0],
                          "image_std": IMAGENET[1]},
                         (PIXEL / 255 - IMAGENET[0]) / IMAGENET[1],
                         {"resize": "stretch", "crop": 1.0}),
    "PoolFormer": ({"image_processor_type": "PoolFormerImageProcessor", "do_normalize": False,
                    "size": {"shortest_edge": 224}, "crop_pct": 0.9, "do_center_crop": True,
                    "crop_size": {"height": 224, "width": 224}}, PIXEL / 255,
                   {"resize": "crop", "crop": 224 / 248}),
    "no rescaling": ({"do_rescale": False, "do_normalize": False, "size": 16}, PIXEL, {}),
}
plain = network()
for case, (config, values, more) in transformers.items():
    check(case, plain, values, "preprocessor_config.json", {"preprocessor_config.json": config},
          **more)

check("size of a file without one", network(shape=(1, 3, "h", "w")), [.569, -.216, -.608],
      "preprocessor_config.json", {"preprocessor_config.json": transformers["MobileViT"][0] | {
          "do_normalize": True, "do_flip_channel_order": False}}, size="256x256")
check("labels and size of transformers", network(shape=(1, 3, "h", "w")), PIXEL / 255, None,
      {"config.json": {"image_size": 32, "id2label": {"1": "b", "0": "a", "2": "c"}}},
      size="32x32", labels=["a", "b", "c"], warning="the guess")
check("timm", plain, (PIXEL / 255 - IMAGENET[0]) / IMAGENET[1], "config.json",
      {"config.json": {"label_names": ["n1", "n2", "n3"], "label_descriptions": {"n2": "two"},
                       "pretrained_cfg": {"input_size": [3, 224, 224], "crop_pct": 0.95,
                                          "crop_mode": "center", "mean": IMAGENET[0],
                                          "std": IMAGENET[1]}}},
      crop=224 / 235, resize="crop", rounding="even", interpolation="bicubic",
      labels=["n1", "two", "n3"])
for said, interpolation in (("bilinear", "bilinear"), ("random", "bicubic"), (5, "bicubic")):
    check("timm's interpolation", plain, PIXEL / 255 - .5, "config.json",
          {"config.json": {"pretrained_cfg": {"input_size": [3, 224, 224], "mean": HALF,
                                              "std": [1, 1, 1], "interpolation": said,
                                              "crop_mode": "squash"}}},
          resize="stretch", rounding="even", interpolation=interpolation)
check("Teachable Machine", plain, PIXEL / 127.5 - 1, "labels.txt",
      {"labels.txt": "0 cat\n1 dog\n2 no animal\n"}, labels=["cat", "dog", "no animal"],
      resize="crop", rounding="exact", interpolation="lanczos")
check("plain labels", plain, PIXEL / 255, None, {"labels.txt": "cat\r\ndog\r\nbird\r\n"},
      labels=["cat", "dog", "bird"], warning="the guess")
check("GStreamer", plain, PIXEL / 127.5 - 1, ".modelinfo",
      {"m.onnx.modelinfo": "[modelinfo]\nversion=1.0\n\n[x]\nid=x\ndir=input\n"
                           "ranges=-1.0,1.0;-1.0,1.0;-1.0,1.0\n[y]\ndir=output\nranges=0,9\n"})

# What is damaged or about something else is told or left alone.
for damaged in ("{", "[" * 3000, '"\\ud800"', ""):
    check("damaged", plain, PIXEL / 255, None, {"config.json": damaged}, warning="damaged")
check("of another model", plain, PIXEL / 255, None,
      {"config.json": {"id2label": {"0": "a"}}}, labels=["0", "1", "2"], warning="1 label")
check("nonsense", plain, PIXEL / 255, None,
      {"preprocessor_config.json": {"size": [], "do_normalize": True, "image_std": 0}},
      warning="no sense")
check("of sound", plain, PIXEL / 255, None,
      {"preprocessor_config.json": {"do_normalize": True, "feature_size": 80}}, warning="the guess")

with tempfile.TemporaryDirectory() as folder:
    model_file, given = pathlib.Path(folder) / "m.onnx", pathlib.Path(folder) / "given"
    model_file.write_bytes(network(meta={"Image.NominalPixelRange": "Normalized_0_1"}))
    model_file.with_name("labels.txt").write_text("a\nb\n", encoding="utf-8")
    given.write_text("cat\ndog\nbird\n", encoding="utf-8")
    assert "2 labels for 3 classes" in inspect(model_file)["warning"]
    shown = inspect(model_file, "--labels", str(given))  # nobody asks for those beside it then
    assert (shown["warning"], shown["labels"]) == (None, ["cat", "dog", "bird"]), shown

with tempfile.TemporaryDirectory() as outside, tempfile.TemporaryDirectory() as inside:
    secret = pathlib.Path(outside) / "labels.txt"
    secret.write_text("a\nb\nc\n", encoding="utf-8")
    model_file = pathlib.Path(inside) / "m.onnx"
    model_file.write_bytes(plain)
    (model_file.parent / "labels.txt").symlink_to(secret)
    linked = inspect(model_file)
    assert linked["labels"] == ["0", "1", "2"] and "link" in linked["warning"], linked
    (model_file.parent / "labels.txt").unlink()
    os.mkfifo(model_file.parent / "labels.txt")
    assert "regular" in inspect(model_file)["warning"]

# ---- keys of the file -------------------------------------------------------------------------

for value, values in (("NominalRange_0_255", PIXEL), ("Normalized_0_1", PIXEL / 255),
                      ("Normalized_1_1", PIXEL / 127.5 - 1),
                      ("NominalRange_16_235", 16 + PIXEL / 255 * 219)):
    check(value, network(meta={"Image.NominalPixelRange": value}), values,
          "Image.NominalPixelRange")
check("Bgr8", network(meta={"Image.NominalPixelRange": "Normalized_0_1",
                            "Image.BitmapPixelFormat": "Bgr8"}), PIXEL[::-1] / 255,
      "Image.NominalPixelRange", channels="bgr")
check("Ultralytics", network(shape=(1, 3, "h", "w"), meta={
    "task": "classify", "author": "Ultralytics", "imgsz": "[48, 64]",
    "names": "{0: 'a', 1: \"dog's\", 2: 'caf\\xe9 \\\\ \\'x\\''}"}), PIXEL / 255, "Ultralytics",
      size="64x48", resize="stretch", rounding="even", interpolation="bilinear",
      labels=["a", "dog's", "caf\u00e9 \\ 'x'"])
check("a square of Ultralytics", network(meta={"author": "Ultralytics", "imgsz": "[16, 16]"}),
      PIXEL / 255, "Ultralytics", resize="crop", rounding="even", interpolation="bilinear")
for names in ("{0: 'a', 2: 'b', 1: 'c'}", "{0: 'a'", "{0: 'a\\", "{0: 'a\\x1", "{0 'a'}", "[1]"):
    check(names, network(meta={"author": "Ultralytics", "names": names}), PIXEL / 255,
          "Ultralytics", labels=["0", "1", "2"], warning="cannot be read")
names = [of.text(9, name) for name in ("cat", "dog", "caf\u00e9")]
zip_map = of.make_node("ZipMap", ["y"], ["loss"]) + of.join([of.text(7, "ai.onnx.ml"), of.text(
    5, of.join([of.text(1, "classlabels_strings"), *names, of.integer(20, 8)]))])
check("ZipMap", of.make_model(
    [of.make_node("Conv", ["x", "w"], ["c"]), of.make_node("GlobalAveragePool", ["c"], ["g"]),
     of.make_node("Flatten", ["g"], ["y"]), zip_map], [("x", (1, 3, 16, 16))], [("loss", (1, 3))],
    [("w", np.ones((3, 3, 1, 1), np.float32))], meta={"Image.NominalPixelRange": "Normalized_0_1"}),
      PIXEL / 255, "Image.NominalPixelRange", labels=["cat", "dog", "caf\u00e9"])
check("keys of Winnow alone", network(meta={"winnow.version": "1"}), PIXEL / 255, None,
      {"labels.txt": "0 a\n1 b\n2 c\n"}, labels=["0", "1", "2"])

# ---- the network itself -----------------------------------------------------------------------


def node(op, operand, out, **attributes):
    return of.make_node(op, operand, [out], **attributes)


def channels(values):
    return np.array(values, np.float32).reshape(1, 3, 1, 1)


MEAN, STD = channels(IMAGENET[0]), channels(IMAGENET[1])
norm = (node("Sub", ["a", "m"], "b"), node("Div", ["b", "s"], "n"))
fronts = {
    "x / 255": ([node("Div", ["x", "k"], "a")], [("k", f(255))], "a", PIXEL),
    "x * (1/255)": ([node("Mul", ["x", "k"], "a")], [("k", f(1 / 255))], "a", PIXEL),
    "x / 127.5 - 1": ([node("Mul", ["x", "k"], "a"), node("Sub", ["a", "o"], "b")],
                      [("k", f(1 / 127.5)), ("o", f(1))], "b", PIXEL),
    "1 - x": ([node("Sub", ["o", "x"], "b")], [("o", f(1))], "b", PIXEL / 255),
    "2 x - 1": ([node("Mul", ["x", "k"], "a"), node("Sub", ["a", "o"], "b")],
                [("k", f(2)), ("o", f(1))], "b", PIXEL / 255),
    "x / 2 + 1/2": ([node("Mul", ["x", "h"], "a"), node("Add", ["a", "h"], "b")],
                    [("h", f(.5))], "b", PIXEL / 127.5 - 1),
    "x - 0.5": ([node("Sub", ["x", "h"], "b")], [("h", f(.5))], "b", PIXEL / 255),
    "normalised from 0..1": ([node("Identity", ["x"], "a"), *norm], [("m", MEAN), ("s", STD)], "n",
                             PIXEL / 255),
    "normalised from 0..255": ([node("Div", ["x", "k"], "a"), *norm],
                               [("k", f(255)), ("m", MEAN), ("s", STD)], "n", PIXEL),
    "less the means": ([node("Sub", ["x", "m"], "b")],
                       [("m", channels([103.939, 116.779, 123.68]))], "b", PIXEL),
    "BatchNormalization": ([node("BatchNormalization", ["x", "one", "o", "m", "v"], "a")],
                           [("one", f(1, 1, 1)), ("o", f(0, 0, 0)), ("m", f(120, 115, 100)),
                            ("v", f(58, 57, 57) ** 2)], "a", PIXEL),
    "blue first, behind a Slice": (
        [node("Slice", ["x", "begin", "end", "axes", "step"], "r"), node("Div", ["r", "k"], "a")],
        [("begin", np.array([-1])), ("end", np.array([-2**31])), ("axes", np.array([1])),
         ("step", np.array([-1])), ("k", f(255))], "a", PIXEL),
}
for case, (front, inits, end, values) in fronts.items():
    check(case, network(front, inits, x=end), values, "the graph")
check("NHWC", network([node("Mul", ["x", "k"], "a"),
                       node("Transpose", ["a"], "t", perm=[0, 3, 1, 2])],
                      [("k", f(1 / 255))], shape=(1, 16, 16, 3), x="t"), PIXEL, "the graph")
check("a file beside it counts first", network(*fronts["x / 255"][:2], x="a"), PIXEL / 127.5 - 1,
      "labels.txt", {"labels.txt": "0 a\n1 b\n2 c\n"})


def quantized(scale, zero):
    return [node("QuantizeLinear", ["x", "scale", "zero"], "q"),
            node("DequantizeLinear", ["q", "scale", "zero"], "a")], \
        [("scale", np.array(scale, np.float32)), ("zero", zero)]


for case, scale, zero, values in (
        ("0..1", .00392, np.int8(-128), PIXEL / 255),
        ("0..1", .00392, np.uint8(0), PIXEL / 255),
        ("-1..1", .0078, np.uint8(127), PIXEL / 127.5 - 1),
        ("0..255", 1, np.uint8(0), PIXEL),
        ("ImageNet", .0187, np.uint8(114), (PIXEL / 255 - IMAGENET[0]) / IMAGENET[1])):
    check(case, network(*quantized(scale, zero), x="a"), values, "the first QuantizeLinear")
check("an odd range", network(*quantized(.01, np.uint8(10)), x="a"), PIXEL / 255, None,
      warning="the guess")

# ---- adopted ----------------------------------------------------------------------------------


def adopt(path, out, *options):
    return subprocess.run([WINNOW, "adopt", str(path), "-o", str(out), *options],
                          capture_output=True, text=True, check=False)


def check_modelinfo(path, meaning):
    """What GStreamer's elements read of a model: each tensor, what black and white become."""
    info = configparser.ConfigParser(interpolation=None, delimiters="=")
    info.read(f"{path}.modelinfo")
    outputs = [o.name for o in of.load(path.read_bytes()).outputs]
    entry = meaning["inputs"][0]
    assert info["modelinfo"]["version"] == "1.0", info
    assert set(info.sections()) == {"modelinfo", entry["name"], *outputs}, info.sections()
    image = info[entry["name"]]
    assert image["dir"] == "input" and image["dims"] == "-1,3,-1,-1", dict(image)
    ranges = [[float(x) for x in pair.split(",")] for pair in image["ranges"].split(";")]
    if entry["channels"] == "bgr":
        ranges.reverse()
    wanted = [[-m / s, (1 - m) / s] for m, s in zip(entry["mean"], entry["std"])]
    assert np.allclose(ranges, wanted, atol=1e-5), (ranges, wanted)
    ids = [info[name]["id"] for name in outputs]
    assert ids == [info["modelinfo"]["group-id"]], ids
    softmaxed = meaning["scores"]["kind"] == "probabilities"
    assert ids == ["classification-generic-softmaxed-out" if softmaxed
                   else "classification-generic-out"], ids
    assert [info[name]["dims"] for name in outputs] == ["-1,3"], dict(info)


def adopted_as_found(model, files=(), options=()):
    """Alone in another folder it means the same, the network is as it was, nothing is said."""
    with tempfile.TemporaryDirectory() as folder, tempfile.TemporaryDirectory() as other:
        path, out = pathlib.Path(folder) / "m.onnx", pathlib.Path(other) / "out.onnx"
        path.write_bytes(model)
        for name, content in dict(files).items():
            (path.parent / name).write_text(content, encoding="utf-8")
        before = inspect(path, *options)
        done = adopt(path, out, *options)
        assert (done.returncode, done.stdout, done.stderr) == (0, "", ""), done
        after = inspect(out)
        check_modelinfo(out, after)
        assert after["warning"] is None and after["labels"] == before["labels"]
        for key in ("mean", "std", "channels", "resize", "crop", "rounding", "interpolation",
                    "size", "shape"):
            assert after["inputs"][0][key] == before["inputs"][0][key], key
        assert after["inputs"][0]["source"]["mean"] == "winnow.input.mean"
        old, new = of.load(model), of.load(out.read_bytes())
        assert str(old.nodes) == str(new.nodes)
        assert all(new.metadata[key] == value for key, value in old.metadata.items()
                   if not key.startswith("winnow."))
        again = adopt(out, out, "--crop", "0.5")
        assert again.returncode == 0, again.stderr
        assert of.load(out.read_bytes()).metadata == {**new.metadata, "winnow.input.crop": "0.5"}
        return new.metadata


keys = adopted_as_found(network(shape=(1, 3, "h", "w"), meta={"keep": "this"}), {
    "preprocessor_config.json": json.dumps(transformers["MobileViT"][0]),
    "config.json": json.dumps({"id2label": {"0": "cat", "1": "dog", "2": "bird"}})})
assert keys["winnow.input.size"] == "256x256" and keys["winnow.input.channels"] == "bgr", keys
assert keys["winnow.labels"] == "cat\ndog\nbird" and keys["keep"] == "this", keys
keys = adopted_as_found(plain, options=("--preset", "torchvision", "--scores", "logits"))
assert keys["winnow.input.mean"] == "0.485,0.456,0.406" and keys["winnow.scores"] == "logits", keys
adopted_as_found(network(*fronts["x / 255"][:2], x="a"))
adopted_as_found(network(meta={"author": "Ultralytics", "names": "{0: 'a', 1: 'b', 2: 'c'}"}))
adopted_as_found(plain, {"labels.txt": "0 a\n1 b\n2 c\n"})
# A cascade says itself what its networks' files were told beside them.
with tempfile.TemporaryDirectory() as folder:
    base = pathlib.Path(folder)
    for name, part in (("beside", plain), ("inside", network(*fronts["x / 255"][:2], x="a"))):
        (base / name).mkdir()
        (base / name / f"{name}.onnx").write_bytes(part)
    (base / "beside" / "preprocessor_config.json").write_text(json.dumps(transformers["ViT"][0]))
    joined = subprocess.run([WINNOW, "join", *(str(base / n / f"{n}.onnx") for n in (
        "beside", "inside")), "-o", str(base / "c.onnx")], capture_output=True, text=True,
        check=False)
    assert joined.returncode == 0, joined.stderr
    ours, theirs = inspect(base / "c.onnx")["inputs"]
    assert np.allclose(seen(ours), [.569, -.216, -.608], atol=2e-3) and ours["resize"] == "stretch"
    assert np.allclose(seen(theirs), PIXEL), theirs

# So does a quantized file, of what was said on the command line.
with tempfile.TemporaryDirectory() as folder:
    base = pathlib.Path(folder)
    (base / "m.onnx").write_bytes(plain)
    (base / "p.ppm").write_bytes(b"P6 16 16 255\n" + bytes(range(256)) * 3)
    (base / "photos").mkdir()
    (base / "p.ppm").rename(base / "photos" / "p.ppm")
    done = subprocess.run([WINNOW, "quantize", str(base / "m.onnx"), str(base / "photos"), "-o",
                           str(base / "q.onnx"), "--preset", "caffe"], capture_output=True,
                          text=True, check=False)
    assert (done.returncode, done.stderr) == (0, ""), done.stderr
    entry = inspect(base / "q.onnx")["inputs"][0]
    assert np.allclose(seen(entry), PIXEL[::-1] - [103.939, 116.779, 123.68]), entry

# A file that nobody says anything about: one warning, however many pictures there are.
with tempfile.TemporaryDirectory() as folder:
    base = pathlib.Path(folder)
    silent = base / "m.onnx"
    silent.write_bytes(of.make_model(
        [node("Conv", ["x", "w"], "a"), node("Relu", ["a"], "b"), node("Conv", ["b", "w"], "c"),
         node("Relu", ["c"], "d"), node("GlobalAveragePool", ["d"], "g"),
         node("Flatten", ["g"], "f"), node("Gemm", ["f", "k"], "y")],
        [("x", (1, 3, 16, 16))], [("y", (1, 3))],
        [("w", np.random.default_rng(1).normal(size=(3, 3, 1, 1)).astype(np.float32)),
         ("k", np.eye(3, dtype=np.float32))]))
    for i in range(60):
        photo = base / "photos" / str(i % 3) / f"{i}.ppm"
        photo.parent.mkdir(parents=True, exist_ok=True)
        pixels = np.random.default_rng(i).integers(0, 100, 768, np.uint8) + 50 * (i % 3)
        photo.write_bytes(b"P6 16 16 255\n" + pixels.astype(np.uint8).tobytes())
    all_photos = [str(p) for p in sorted((base / "photos").glob("*/*"))]
    for command in (["inspect", silent], ["classify", silent, *all_photos],
                    ["eval", silent, base / "photos"], ["bench", silent, "--frames", "2"],
                    ["tune", silent, base / "photos", "--max-rejected", "0.5", "-o",
                     base / "u.onnx"],
                    ["quantize", silent, base / "photos", "-o", base / "q.onnx"],
                    ["teach", silent, base / "photos", "-o", base / "t.onnx"]):
        done = subprocess.run([WINNOW, *map(str, command)], capture_output=True, text=True,
                              check=False)
        assert done.returncode == 0, (command[0], done.stderr)
        assert done.stderr.count("0..1 are assumed") == 1, (command[0], done.stderr)
        assert len(done.stderr.splitlines()) == 1, (command[0], done.stderr)
        told = subprocess.run([WINNOW, *map(str, command), "--preset", "none"],
                              capture_output=True, text=True, check=False)
        assert (told.returncode, told.stderr) == (0, ""), (command[0], told.stderr)

with tempfile.TemporaryDirectory() as folder:
    unknown = pathlib.Path(folder) / "m.onnx"
    unknown.write_bytes(plain)
    refused = adopt(unknown, unknown.with_name("out.onnx"))
    assert refused.returncode == 2 and "--preset torchvision" in refused.stderr, refused
    assert not unknown.with_name("out.onnx").exists()

check("nobody", plain, PIXEL / 255, None, warning="the guess")
print("right:", len(transformers) + len(fronts), "and more")
