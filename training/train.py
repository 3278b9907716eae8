# SPDX-License-Identifier: LGPL-2.1-or-later
"""The training loop.

Every epoch draws its random numbers from the seed and its own number, so that a run that was
stopped and resumed ends with the same weights as one that was not.
"""

import copy
import math
import os
import time

import numpy as np
import torch
from tqdm import tqdm

from . import augment, data, losses, models, plot
from .checkpoint import load_checkpoint
from .config import ConfigError, check_groups

LOOK = 20  # steps between two looks at the loss, for which a GPU has to be waited for


def pick_device():
    return torch.device("cuda" if torch.cuda.is_available() else "cpu")


def store(images, device):
    """The data set's images as a tensor: on the GPU where they leave it half of its memory."""
    images = torch.from_numpy(images)
    if device.type == "cuda" and images.nelement() < torch.cuda.mem_get_info(device)[0] / 2:
        return images.to(device)
    return images


def has_fast_bf16(device):
    """Whether bfloat16 products are done by the hardware: emulated ones are slower than fp32."""
    if device.type == "cuda":
        return torch.cuda.is_bf16_supported()
    try:
        with open("/proc/cpuinfo", encoding="ascii", errors="replace") as file:
            text = file.read()
    except OSError:
        return False
    flags = next((line for line in text.splitlines() if line.startswith(("flags", "Features"))), "")
    return bool({"amx_bf16", "avx512_bf16", "bf16"} & set(flags.split()))


def learning_rate(train, progress):
    """Share of the learning rate at `progress` 0..1 of the epochs after warming up."""
    if train.schedule == "cosine":
        return 0.5 * (1 + math.cos(math.pi * progress))
    return 0.1 ** sum(progress >= step for step in train.steps)


def schedule(train, epoch):
    """The learning rate at `epoch`, a fraction counted from 0."""
    warmup = min(train.warmup, train.epochs - 1)
    if epoch < warmup:
        return train.learning_rate * max(epoch / warmup, 0.01)
    return train.learning_rate * learning_rate(train, (epoch - warmup) / (train.epochs - warmup))


def parameter_groups(model, weight_decay):
    """Weights decay; biases and the scales and offsets of normalisation do not."""
    trained = [p for p in model.parameters() if p.requires_grad]
    return [{"params": [p for p in trained if p.dim() > 1], "weight_decay": weight_decay},
            {"params": [p for p in trained if p.dim() <= 1], "weight_decay": 0.0}]


class Average:
    """An exponential moving average of weights and statistics, which is what is exported.

    It starts as the plain mean, so that early weights are forgotten soon."""

    def __init__(self, model, decay):
        self.decay, self.steps = decay, 0
        self.model = copy.deepcopy(model) if decay else model

    def update(self, model):
        if not self.decay:
            return
        self.steps += 1
        decay = min(self.decay, self.steps / (self.steps + 10))
        mine, theirs = self.model.state_dict(), model.state_dict()
        real = [key for key, value in mine.items() if value.is_floating_point()]
        with torch.no_grad():
            # All at once: one by one, they take a GPU longer to be told of than to compute.
            values = [mine[key] for key in real]
            torch._foreach_mul_(values, decay)
            torch._foreach_add_(values, [theirs[key] for key in real], alpha=1 - decay)
            for key in mine.keys() - set(real):
                mine[key].copy_(theirs[key])


def read_init(config):
    """What [model] init names, relative to the configuration: a checkpoint of a run, or a file that
    torch.save() made of a state_dict; {} without one."""
    if not config.model.init:
        return {}
    base = os.path.dirname(os.path.abspath(config.path))
    return load_checkpoint(os.path.join(base, config.model.init))


def start_from(model, state, path):
    """Copies the network, and those heads that fit."""
    state = state.get("average") or state.get("model") or state
    mine = model.state_dict()
    backbone = {key for key in mine if not key.startswith("heads.")}
    wrong = sorted(key for key in backbone
                   if key not in state or state[key].shape != mine[key].shape)
    if wrong:
        raise ConfigError(f"{path}: does not fit the network of the configuration: "
                          f"{wrong[0]} is missing or has another shape")
    fitting = {key: value for key, value in state.items()
               if key in mine and value.shape == mine[key].shape}
    model.load_state_dict(fitting, strict=False)


def check_classes(config, init, classes):
    """A frozen end keeps the order of its classes."""
    theirs = init.get("classes", classes)
    if config.model.freeze == "backbone" and theirs != classes:
        raise ConfigError(f"{config.path}: [model] init: that network was trained on other "
                          f"classes: {', '.join(map(str, theirs))}")


class Trainer:
    """`resumed`: what state() made after an earlier epoch, to go on from there."""

    def __init__(self, config, dataset, resumed=None):
        self.config, self.train = config, config.train
        self.classes = dataset.classes
        check_groups(config, self.classes)
        self.training, self.validation = data.split(dataset, config)
        self.device = pick_device()
        self.images = store(dataset.images, self.device)
        if len(self.training) < self.train.batch:
            raise ConfigError(f"{config.path}: [train] batch = {self.train.batch}: "
                              f"there are only {len(self.training)} images to train on")
        torch.set_num_threads(self.train.threads or len(os.sched_getaffinity(0)))
        torch.manual_seed(self.train.seed)
        if self.device.type == "cuda":
            torch.backends.cudnn.deterministic = True
        self.model = models.build(config, len(self.classes))
        init = {} if resumed else read_init(config)
        if init:
            check_classes(config, init, self.classes)
            start_from(self.model, init, config.model.init)
        if config.model.freeze == "backbone":
            self.model.freeze_backbone()
        self.model.to(self.device, memory_format=torch.channels_last)
        self.average = Average(self.model, self.train.average)
        self.optimizer = torch.optim.SGD(parameter_groups(self.model, self.train.weight_decay),
                                         lr=0.1, momentum=self.train.momentum,
                                         nesterov=self.train.momentum > 0)
        self.loss = losses.Loss(config, len(self.classes))
        self.mean, self.std = self.statistics(resumed or init)
        self.normalise = augment.Normalise(self.mean, self.std, self.device)
        asked = self.train.precision
        self.bf16 = asked == "bf16" or asked == "auto" and has_fast_bf16(self.device)
        self.epoch = 0
        if resumed:
            self.restore(resumed)

    def statistics(self, earlier):
        """Mean and standard deviation per channel of images scaled to 0..1: what the configuration
        says; or what the network was trained with before; or those of the training images."""
        if self.config.data.mean != "auto":
            return self.config.data.mean, self.config.data.std
        if "mean" in earlier and "std" in earlier:
            return earlier["mean"], earlier["std"]
        every = max(1, len(self.training) // 5000)
        some = self.training.pixels(slice(None, None, every)).reshape(-1, 3) / 255.0
        return [round(float(x), 4) for x in some.mean(0)], [round(float(x), 4) for x in some.std(0)]

    def state(self):
        return {"epoch": self.epoch, "model": self.model.state_dict(),
                "average": self.average.model.state_dict() if self.average.decay else None,
                "average_steps": self.average.steps, "optimizer": self.optimizer.state_dict(),
                "classes": self.classes, "mean": self.mean, "std": self.std,
                "images": [len(self.training), len(self.validation)]}

    def restore(self, state):
        if state["classes"] != self.classes:
            raise ConfigError("the data set has other classes than the run was started with")
        images = [len(self.training), len(self.validation)]
        if state.get("images", images) != images:
            raise ConfigError("the data set has more or fewer images than the run was started with")
        self.epoch = state["epoch"]
        self.model.load_state_dict(state["model"])
        if self.average.decay:
            self.average.model.load_state_dict(state["average"])
        self.average.steps = state["average_steps"]
        self.optimizer.load_state_dict(state["optimizer"])

    def autocast(self):
        return torch.autocast(self.device.type, torch.bfloat16, enabled=self.bf16)

    def image_size(self):
        """Images are small at first: that is cheap, and the network learns most of it there."""
        begin = 0
        for size, epochs in self.train.small_sizes:
            begin += epochs
            if self.epoch < begin:
                return size
        return self.config.model.size

    def set_training_mode(self):
        """A frozen network computes as in use: the statistics of its normalisation stay."""
        self.model.train()
        if self.config.model.freeze == "backbone":
            self.model.blocks.eval()
            self.model.classifier.eval()

    def step(self, pixels, labels):
        self.optimizer.zero_grad(set_to_none=True)
        with self.autocast():
            outputs = self.model(pixels)
        loss = self.loss(outputs, labels)
        loss.backward()
        self.optimizer.step()
        self.average.update(self.model)
        return loss.detach()

    def batch(self, dataset, chosen):
        """(images [N,S,S,3] uint8, labels [N]) on the device."""
        rows = torch.from_numpy(dataset.rows[chosen]).to(self.images.device, non_blocking=True)
        labels = torch.from_numpy(dataset.labels[chosen])
        return (self.images[rows].to(self.device, non_blocking=True),
                labels.to(self.device, non_blocking=True))

    def train_epoch(self, show):
        torch.manual_seed(self.train.seed * 1000003 + self.epoch)
        generator = torch.Generator().manual_seed(self.train.seed * 1000003 + self.epoch)
        n, batch = len(self.training), self.train.batch
        order = torch.randperm(n, generator=generator).numpy()
        n_steps, size, total = n // batch, self.image_size(), 0.0
        self.set_training_mode()
        bar = tqdm(range(n_steps), f"epoch {self.epoch + 1}/{self.train.epochs}", leave=False,
                   disable=not show)
        for k in bar:
            for group in self.optimizer.param_groups:
                group["lr"] = schedule(self.train, self.epoch + k / n_steps)
            chosen = np.sort(order[k * batch:(k + 1) * batch])
            images, labels = self.batch(self.training, chosen)
            pixels = augment.training_batch(images, size, self.config.data, self.normalise,
                                            generator)
            total = total + self.step(pixels, labels)
            if k % LOOK == 0 or k == n_steps - 1:
                mean = float(total) / (k + 1)
                if not math.isfinite(mean):
                    raise ConfigError(f"the loss is {mean} in epoch {self.epoch + 1}: "
                                      "try a smaller [train] learning-rate")
                bar.set_postfix(loss=f"{mean:.3f}", refresh=False)
        self.epoch += 1
        return mean

    def validate(self):
        """Accuracy of every exit and of the end on the validation part; [] without one."""
        model, n = self.average.model, len(self.validation)
        if n == 0:
            return []
        model.eval()
        right = 0
        with torch.no_grad(), self.autocast():
            for start in range(0, n, 250):
                images, labels = self.batch(self.validation, slice(start, start + 250))
                outputs = model(self.normalise(images, self.config.model.size))
                right = right + torch.stack([(o.argmax(1) == labels).sum() for o in outputs])
        return (right / n).tolist()


def log_row(trainer, loss, accuracies, seconds):
    names = [*trainer.config.exits.after, "end"]
    row = {"epoch": trainer.epoch, "learning-rate": f"{schedule(trainer.train, trainer.epoch):.6g}",
           "loss": f"{loss:.5f}", "seconds": f"{seconds:.1f}"}
    row.update((f"accuracy {name}", f"{a:.4f}") for name, a in zip(names, accuracies))
    return row


def train(config, dataset, run, resumed=None, show=True):
    """Trains until the configuration's last epoch.  Raises ConfigError.

    `resumed`: what run.resume() returned, or None for a new run."""
    trainer = Trainer(config, dataset, resumed)
    if resumed is None:
        run.create(config)
    print(f"{len(trainer.training)} images to train on, {len(trainer.validation)} for validation, "
          f"{len(trainer.classes)} classes; {trainer.device}, "
          f"{'bfloat16' if trainer.bf16 else 'float32'}")
    while trainer.epoch < config.train.epochs:
        begin = time.monotonic()
        loss = trainer.train_epoch(show)
        accuracies = trainer.validate()
        run.append(log_row(trainer, loss, accuracies, time.monotonic() - begin))
        run.save(trainer.state())
        shown = " ".join(f"{100 * a:.2f}" for a in accuracies)
        print(f"epoch {trainer.epoch}: loss {loss:.4f}" + (f", accuracy {shown}" if shown else ""),
              flush=True)
    plot.draw(run)
