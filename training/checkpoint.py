# SPDX-License-Identifier: LGPL-2.1-or-later
"""Reads files of torch.save() that hold tensors and plain values, and makes nothing else of them.

A checkpoint may come from anywhere, and torch.load() runs whatever code is in it; its weights_only
knows no numbers in PyTorch 1.13, which also ignores an unpickler of one's own.
"""

import collections
import io
import pickle
import zipfile

import torch

from .config import ConfigError

DTYPES = {"FloatStorage": torch.float32, "DoubleStorage": torch.float64,
          "HalfStorage": torch.float16, "BFloat16Storage": torch.bfloat16,
          "LongStorage": torch.int64, "IntStorage": torch.int32, "ShortStorage": torch.int16,
          "CharStorage": torch.int8, "ByteStorage": torch.uint8, "BoolStorage": torch.bool}


def rebuild_tensor(values, offset, size, stride, *_):
    return values.as_strided(size, stride, offset)


def rebuild_parameter(tensor, *_):
    return tensor


class TensorUnpickler(pickle.Unpickler):
    """`archive`: the zip file, whose FOLDER/data.pkl names FOLDER/data/KEY for each array."""

    ALLOWED = {("collections", "OrderedDict"): collections.OrderedDict,
               ("torch._utils", "_rebuild_tensor_v2"): rebuild_tensor,
               ("torch._utils", "_rebuild_parameter"): rebuild_parameter}

    def __init__(self, archive):
        self.archive, self.arrays = archive, {}
        member = next(name for name in archive.namelist() if name.endswith("/data.pkl"))
        self.folder = member[:-len("data.pkl")]
        super().__init__(io.BytesIO(archive.read(member)))

    def find_class(self, module, name):
        if module == "torch" and name in DTYPES:
            return DTYPES[name]
        if (module, name) not in self.ALLOWED:
            raise pickle.UnpicklingError(f"it holds a {module}.{name}")
        return self.ALLOWED[module, name]

    def persistent_load(self, pid):
        _, dtype, key, *_ = pid
        if key not in self.arrays:
            content = bytearray(self.archive.read(f"{self.folder}data/{key}"))
            self.arrays[key] = (torch.frombuffer(content, dtype=dtype) if content
                                else torch.empty(0, dtype=dtype))
        return self.arrays[key]


def load_checkpoint(path):
    """The dict in the file, on the CPU.  Raises ConfigError."""
    try:
        with zipfile.ZipFile(path) as archive:
            state = TensorUnpickler(archive).load()
    except OSError as problem:
        raise ConfigError(f"{path}: cannot read it: {problem.strerror}") from None
    except Exception as problem:  # a damaged file may raise anything
        reason = " ".join(str(problem).split()) or type(problem).__name__
        raise ConfigError(f"{path}: not a checkpoint: {reason}") from None
    if not isinstance(state, dict):
        raise ConfigError(f"{path}: not a checkpoint: it holds a {type(state).__name__}")
    return state
