# SPDX-License-Identifier: LGPL-2.1-or-later
"""Reads a configuration file: one table says which keys there are, everything else follows from it.

One INI file drives training, the search for thresholds and deployment.  The sections [tune] and
[deploy] belong to the winnow programs and are not looked at here.
"""

import configparser
import dataclasses
import math

OTHER_SECTIONS = ("tune", "deploy")
REQUIRED = object()


class ConfigError(Exception):
    """Something in a configuration or a data set that the user has to mend; one line."""


def choice(*names):
    def parse(text):
        if text not in names:
            raise ValueError(f"must be one of {', '.join(names)}")
        return text
    return parse


def number(low, high=float("inf"), kind=float):
    def parse(text):
        try:
            value = kind(text)
        except ValueError:
            number = "whole number" if kind is int else "number"
            raise ValueError(f"must be a {number}") from None
        if not low <= value <= high or math.isinf(value):
            bounds = f"from {low} to {high}" if high < float("inf") else f"of {low} or more"
            raise ValueError(f"must be a number {bounds}")
        return value
    return parse


def whole(low, high=float("inf")):
    return number(low, high, int)


def listed(parse):
    def parse_list(text):
        parts = [part.strip() for part in text.split(",")] if text.strip() else []
        if "" in parts:
            raise ValueError("has a comma with nothing beside it")
        return [parse(part) for part in parts]
    return parse_list


def flag(text):
    values = configparser.ConfigParser.BOOLEAN_STATES
    if text.lower() not in values:
        raise ValueError("must be yes or no")
    return values[text.lower()]


def size_for_epochs(text):
    """`24:10`, images of 24 pixels for ten epochs, as (24, 10)."""
    size, colon, epochs = text.partition(":")
    if not colon:
        raise ValueError("must be SIZE:EPOCHS, like 24:10")
    return whole(8, 1024)(size.strip()), whole(1, 100000)(epochs.strip())


def either(word, parse):
    """`word` itself, or what `parse` accepts."""
    return lambda text: word if text == word else parse(text)


# section -> key -> (parser, default); a default of REQUIRED must be given.  What each key means is
# told in README.md.
KEYS = {
    "model": {
        "network": (choice("alexnet", "edge", "mobilenetv2", "resnet50", "vggsmall"), REQUIRED),
        "size": (whole(8, 1024), REQUIRED),
        "stem": (choice("3x3", "3x3/2"), "3x3"),
        # PyTorch 1.13 writes past the gradient of a 1x1 convolution of stride 2 on 2 to 7 channels.
        "channels": (listed(whole(8, 4096)), []),
        "strides": (listed(whole(1, 2)), []),
        "dropout": (number(0, 0.99), 0.0),
        "init": (str, ""),
        "freeze": (choice("nothing", "backbone"), "nothing"),
    },
    "exits": {
        "after": (listed(str), REQUIRED),
        "pool": (listed(whole(1, 64)), [2]),
        "add": (flag, False),
        "objective": (choice("exclusion", "confidence", "branchynet"), "exclusion"),
        "weights": (either("paper", listed(number(0))), "paper"),
        "positive-weight": (either("paper", number(0)), "paper"),
        "distill": (number(0, 1), 0.0),
        "temperature": (number(0.1, 100), 1.0),
        "strategy": (choice("class-exclusion", "confidence", "entropy", "none"), "class-exclusion"),
        "score": (choice("sigmoid", "softmax"), "sigmoid"),
    },
    "data": {
        "validation": (whole(0), 5000),
        "images": (either("all", whole(1)), "all"),
        "flip": (flag, True),
        "translate": (whole(0, 256), 4),
        "cutout": (whole(0, 1024), 0),
        "mean": (either("auto", listed(number(0, 1))), "auto"),
        "std": (either("auto", listed(number(1e-3, 1))), "auto"),
    },
    "train": {
        "epochs": (whole(1, 100000), REQUIRED),
        "small-sizes": (listed(size_for_epochs), []),
        "batch": (whole(2, 65536), 128),
        "learning-rate": (number(1e-9, 1e3), 0.1),
        "schedule": (choice("cosine", "step"), "cosine"),
        "steps": (listed(number(0, 1)), [0.5, 0.75]),
        "warmup": (number(0, 1e5), 1.0),
        "momentum": (number(0, 0.9999), 0.9),
        "weight-decay": (number(0, 1), 5e-4),
        "label-smoothing": (number(0, 0.99), 0.0),
        "average": (number(0, 0.99999), 0.0),
        "seed": (whole(0, 2**31), 1),
        "precision": (choice("auto", "fp32", "bf16"), "auto"),
        "threads": (whole(0, 1024), 0),
    },
    "export": {
        "weights": (choice("float32", "float16"), "float32"),
        "resize": (choice("crop", "stretch"), "crop"),
        "groups": (str, ""),
    },
}


class Section:
    """The values of one section; key `learning-rate` is the attribute learning_rate."""

    def __init__(self, values):
        self.__dict__.update({key.replace("-", "_"): value for key, value in values.items()})


@dataclasses.dataclass
class Config:
    path: str
    text: str
    model: Section
    exits: Section
    data: Section
    train: Section
    export: Section


def read_section(path, section, given):
    keys, values = KEYS[section], {}
    for key in given:
        if key not in keys:
            raise ConfigError(f"{path}: [{section}] {key}: unknown key; "
                              f"there are {', '.join(sorted(keys))}")
    for key, (parse, default) in keys.items():
        if key not in given:
            if default is REQUIRED:
                raise ConfigError(f"{path}: [{section}] {key} is missing")
            values[key] = default
            continue
        try:
            values[key] = parse(given[key])
        except ValueError as problem:
            raise ConfigError(f"{path}: [{section}] {key} = {given[key]}: {problem}") from None
    return Section(values)


def check_together(config):
    """What a single key cannot know."""
    path, model, exits, train = config.path, config.model, config.exits, config.train
    if not exits.after:
        raise ConfigError(f"{path}: [exits] after is empty: name at least one block")
    for key, values in (("pool", exits.pool), ("weights", exits.weights)):
        if values != "paper" and len(values) not in (1, len(exits.after)):
            raise ConfigError(f"{path}: [exits] {key}: give one number, or one for each of the "
                              f"{len(exits.after)} exits")
    for key in ("mean", "std"):
        if len(getattr(config.data, key)) != 3 and getattr(config.data, key) != "auto":
            raise ConfigError(f"{path}: [data] {key}: give three numbers: red, green, blue")
    if (config.data.mean == "auto") != (config.data.std == "auto"):
        raise ConfigError(f"{path}: [data] mean and std: give both or none")
    if config.data.cutout >= model.size:
        raise ConfigError(f"{path}: [data] cutout = {config.data.cutout}: would cut the whole "
                          f"image away ([model] size = {model.size})")
    if model.freeze == "backbone" and not model.init:
        raise ConfigError(f"{path}: [model] freeze = backbone: name the trained network in init")
    for size, _ in train.small_sizes:
        if size > model.size:
            raise ConfigError(f"{path}: [train] small-sizes: {size} is more than [model] size = "
                              f"{model.size}")
    small = sum(epochs for _, epochs in train.small_sizes)
    if small > train.epochs:
        raise ConfigError(f"{path}: [train] small-sizes: {small} epochs, more than there are "
                          f"({train.epochs})")


# (section, key, whether the rest of the configuration makes use of it, what would): such a key is
# refused where it has no effect, since whoever wrote it expects one.
USED = (
    ("model", "channels", lambda c: c.model.network in ("edge", "vggsmall"),
     "only network = edge and vggsmall have"),
    ("model", "strides", lambda c: c.model.network == "edge", "only network = edge has"),
    ("model", "stem", lambda c: c.model.network in ("edge", "resnet50"),
     "only network = edge and resnet50 have"),
    ("exits", "positive-weight", lambda c: c.exits.objective == "exclusion",
     "only objective = exclusion has"),
    ("exits", "temperature", lambda c: c.exits.distill > 0, "only a distill above 0 has"),
    ("train", "steps", lambda c: c.train.schedule == "step", "only schedule = step has"),
)


def check_used(config, parser):
    for section, key, used, who in USED:
        if parser.has_option(section, key) and not used(config):
            raise ConfigError(f"{config.path}: [{section}] {key}: {who} a use for it; "
                              "remove the line")


def check_groups(config, classes):
    """[export] groups against the classes of the data set: `name: class, class; name: class`."""
    seen, where = set(), f"{config.path}: [export] groups"
    for group in filter(str.strip, config.export.groups.split(";")):
        name, colon, members = group.partition(":")
        if not colon or not name.strip() or not members.strip():
            raise ConfigError(f"{where}: '{group.strip()}' is not `name: class, class`")
        for member in (part.strip() for part in members.split(",")):
            index = (classes.index(member) if member in classes
                     else int(member) if member.isdecimal() else len(classes))
            if index >= len(classes):
                raise ConfigError(f"{where}: no class '{member}'; there are {', '.join(classes)}")
            if index in seen:
                raise ConfigError(f"{where}: {member} is named twice; "
                                  "a class belongs to one group at most")
            seen.add(index)


def read(path):
    """The configuration in the file at `path`.  Raises ConfigError for anything wrong in it."""
    try:
        with open(path, encoding="utf-8") as file:
            text = file.read()
    except OSError as problem:
        raise ConfigError(f"{path}: cannot read it: {problem.strerror}") from None
    except UnicodeDecodeError as problem:
        raise ConfigError(f"{path}: not a text file: {problem}") from None
    parser = configparser.ConfigParser(interpolation=None, delimiters=("=",),
                                       comment_prefixes=("#",), default_section="\0")
    parser.optionxform = str  # as written: the winnow programs, which read it too, mind the case
    try:
        parser.read_string(text, path)
    except configparser.Error as problem:
        raise ConfigError(f"{path}: {' '.join(str(problem).split())}") from None
    for section in parser.sections():
        if section not in KEYS and section not in OTHER_SECTIONS:
            raise ConfigError(f"{path}: [{section}]: unknown section; there are "
                              f"{', '.join((*KEYS, *OTHER_SECTIONS))}")
        for key, value in parser[section].items():
            if "\n" in value:
                raise ConfigError(f"{path}: [{section}] {key}: must be on one line")
    sections = {name: read_section(path, name, dict(parser[name]) if name in parser else {})
                for name in KEYS}
    config = Config(path=path, text=text, **sections)
    check_used(config, parser)
    check_together(config)
    return config
