# SPDX-License-Identifier: LGPL-2.1-or-later
"""The folder of a training run: what is in it, and how it is read and written.

config.ini      a copy of the configuration
checkpoint.pt   all that training resumes from; replaced whole after each epoch
log.csv         a line for each epoch
curves.png      the log, drawn
"""

import csv
import os
import shutil

import torch

from . import config as configuration
from .config import ConfigError


class Run:
    def __init__(self, folder):
        self.folder = folder
        self.config = os.path.join(folder, "config.ini")
        self.checkpoint = os.path.join(folder, "checkpoint.pt")
        self.log = os.path.join(folder, "log.csv")
        self.curves = os.path.join(folder, "curves.png")

    def create(self, config):
        if os.path.exists(self.checkpoint):
            raise ConfigError(f"{self.folder}: holds a training run already; "
                              "continue it with --resume or name another folder")
        os.makedirs(self.folder, exist_ok=True)
        shutil.copyfile(config.path, self.config)
        if os.path.exists(self.log):
            os.remove(self.log)

    def save(self, state):
        partial = self.checkpoint + ".part"
        torch.save(state, partial)
        os.replace(partial, self.checkpoint)

    def load(self):
        """(state, config) of the last finished epoch."""
        if not os.path.exists(self.checkpoint):
            raise ConfigError(f"{self.folder}: no training run in it (no checkpoint.pt)")
        return load_checkpoint(self.checkpoint), configuration.read(self.config)

    def append(self, row):
        new = not os.path.exists(self.log)
        with open(self.log, "a", newline="", encoding="utf-8") as file:
            writer = csv.DictWriter(file, row)
            if new:
                writer.writeheader()
            writer.writerow(row)

    def rows(self):
        if not os.path.exists(self.log):
            raise ConfigError(f"{self.folder}: no log.csv in it: no epoch was finished")
        with open(self.log, newline="", encoding="utf-8") as file:
            return list(csv.DictReader(file))


def load_checkpoint(path):
    try:
        return torch.load(path, map_location="cpu")
    except Exception as problem:  # a damaged file may raise anything
        raise ConfigError(f"{path}: not a checkpoint: {problem}") from None
