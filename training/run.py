# SPDX-License-Identifier: LGPL-2.1-or-later
"""The folder of a training run: what is in it, and how it is read and written.

config.ini      a copy of the configuration
checkpoint.pt   all that training resumes from; replaced whole after each epoch
log.csv         a line for each epoch
curves.png      the log, drawn
"""

import csv
import os

import torch

from . import config as configuration
from .checkpoint import load_checkpoint
from .config import ConfigError


class Run:
    def __init__(self, folder):
        self.folder = folder
        self.config = os.path.join(folder, "config.ini")
        self.checkpoint = os.path.join(folder, "checkpoint.pt")
        self.log = os.path.join(folder, "log.csv")
        self.curves = os.path.join(folder, "curves.png")

    def check_unused(self):
        if os.path.exists(self.checkpoint):
            raise ConfigError(f"{self.folder}: holds a training run already; "
                              "continue it with --resume or name another folder")

    def create(self, config):
        self.check_unused()
        os.makedirs(self.folder, exist_ok=True)
        with open(self.config, "w", encoding="utf-8", newline="") as file:
            file.write(config.text)
        if os.path.exists(self.log):
            os.remove(self.log)

    def resume(self, config):
        """The state to go on from.  Raises ConfigError when `config` is not that of the run."""
        state, started_with = self.load()
        if started_with.text != config.text:
            raise ConfigError(f"{config.path}: differs from {started_with.path}, which the run was "
                              "started with")
        self.forget_after(state["epoch"])
        return state

    def forget_after(self, epoch):
        """Removes lines of the log that are younger than the checkpoint: of an epoch that was
        stopped between the two, and is trained again."""
        if not os.path.exists(self.log):
            return
        with open(self.log, newline="", encoding="utf-8") as file:
            lines = file.readlines()
        with open(self.log, "w", newline="", encoding="utf-8") as file:
            file.writelines(lines[:1 + epoch])

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
        try:
            with open(self.log, newline="", encoding="utf-8") as file:
                rows = [{key: float(value) for key, value in row.items()}
                        for row in csv.DictReader(file)]
        except (TypeError, ValueError) as problem:
            raise ConfigError(f"{self.log}: damaged: {problem}") from None
        if not rows or not {"epoch", "loss"} <= rows[0].keys():
            raise ConfigError(f"{self.log}: holds no epoch")
        return rows
