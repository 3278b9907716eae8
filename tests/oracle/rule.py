# SPDX-License-Identifier: LGPL-2.1-or-later
"""The exit rule and the result in plain Python, float64: written from the design alone.

decide() takes logits and says what the engine must answer.  Beside the answer it returns the
smallest distance of any comparison from its threshold, in units of a logit (for entropy: nats).
Only where that is tiny may another computation of the same logits decide differently.
"""

import math
from dataclasses import dataclass, field
from types import SimpleNamespace


def log_softmax(z):
    top = max(z)
    total = math.log(sum(math.exp(v - top) for v in z))
    return [v - top - total for v in z]


def log_sigmoid(z):
    return [-math.log1p(math.exp(-v)) if v >= 0 else v - math.log1p(math.exp(v)) for v in z]


def entropy(z):
    return -sum(math.exp(v) * v for v in log_softmax(z))


@dataclass
class Policy:
    strategy: str = None      # None: the model's
    thresholds: list = None   # None: the model's
    scale: float = 1.0
    watch: list = field(default_factory=list)  # class indices
    group_exit: bool = False
    deadline: bool = False    # one that is never reached; heads are computed all the same


def label_list(text, labels):
    """Class indices of a comma-separated list; a number that is no label is an index."""
    names = [n.strip() for n in text.split(",") if n.strip()]
    return [labels.index(n) if n in labels else int(n) for n in names]


def entries(text):
    """`name: rest; name: rest` as pairs."""
    return [tuple(p.strip() for p in e.split(":")) for e in text.split(";") if e.strip()]


class Model:
    """What the metadata says, plus the cost of the stages.

    macs: of every stage with its head; head_macs: of the heads; row_macs: of one class's row of
    the final classifier.
    """

    def __init__(self, meta, n_classes, macs, head_macs, row_macs):
        self.n_classes, self.macs = n_classes, macs
        self.head_macs, self.row_macs = head_macs, row_macs
        self.n_exits = len(macs) - 1
        self.macs_full = sum(macs)
        text = meta.get("winnow.labels")
        self.labels = text.rstrip("\n").split("\n") if text else [str(c) for c in range(n_classes)]
        self.strategy = meta.get("winnow.strategy", "none")
        self.score = meta.get("winnow.exit-score", "sigmoid")
        numbers = lambda t: [float(v) for v in t.split(",")] if t else None
        self.thresholds = numbers(meta.get("winnow.thresholds"))
        self.floors = [None if v.strip() == "-" else float(v) for v in
                       meta.get("winnow.floors", ",".join("-" * len(macs))).split(",")]
        self.floor_score = meta.get("winnow.floor-score", "logit")
        nothing = meta.get("winnow.nothing")
        self.nothing = label_list(nothing, self.labels)[0] if nothing else None
        self.groups = {name: set(label_list(members, self.labels))
                       for name, members in entries(meta.get("winnow.groups", ""))}
        self.watch_thresholds = [(set(label_list(names, self.labels)), numbers(values))
                                 for names, values in
                                 entries(meta.get("winnow.watch-thresholds", ""))]

    def betas(self, policy, strategy):
        """The thresholds in force."""
        if policy.thresholds is not None:
            values = policy.thresholds
        else:
            values = next((v for s,
                           v in self.watch_thresholds if policy.watch and s == set(policy.watch)),
                          self.thresholds)
        if strategy == "class-exclusion":
            values = [min(max(b * policy.scale, 0.0), 0.999) for b in values]
        return values


def best_first(classes, scores):
    return sorted(classes, key=lambda c: (-scores[c], c))


def floor_scores(model, z):
    """What floors are compared with, and how many logits one unit of it is."""
    if model.floor_score == "logit":
        return list(z), 1.0
    mean = sum(z) / len(z)
    deviation = math.sqrt(sum((v - mean) ** 2 for v in z) / len(z))
    return [(v - mean) / (deviation or 1.0) for v in z], deviation or 1.0


def slack(model, a, b):
    """How far log p_c - log p_m moves when both logits are off by half a unit."""
    if model.score == "softmax":
        return 1.0
    return max((-math.expm1(a) - math.expm1(b)) / 2, 1e-12)


def test_exit(model, policy, strategy, threshold, floor, z, survivors):
    """One exit.  Returns (survivors, stop reason or None, group, margins)."""
    margins = []
    everything = set(range(model.n_classes))
    if floor is not None and strategy != "none":
        evidence, unit = floor_scores(model, z)
        margins.append(abs(max(evidence) - floor) * unit)
        if not max(evidence) > floor:
            return set(), "nothing", "", margins
    if strategy in ("confidence", "entropy"):
        p = [math.exp(v) for v in log_softmax(z)]
        if strategy == "confidence":
            above = [c for c in everything if p[c] > threshold]
            if 0 < threshold < 1:
                margins += [abs(math.log(max(v, 1e-300) / threshold)) for v in p]
            chosen = above[0] if len(above) == 1 else None
        else:
            h = entropy(z)
            margins += [abs(h - threshold)] if threshold > 0 else []
            chosen = best_first(everything, z)[0] if h < threshold else None
        if chosen is not None:
            order = sorted(z)
            margins.append(order[-1] - order[-2])
            return {chosen}, "confident", "", margins
        return everything, None, "", margins
    if strategy == "none":
        return everything, None, "", margins
    log_p = log_softmax(z) if model.score == "softmax" else log_sigmoid(z)
    m = best_first(everything, log_p)[0]
    margins += [z[m] - z[c] for c in everything if c != m]
    kept = everything
    if threshold > 0:
        bound = math.log(threshold) + log_p[m]
        kept = {c for c in everything if log_p[c] > bound} | {m}
        margins += [abs(log_p[c] - bound) / slack(model, log_p[c],
                                                  log_p[m]) for c in everything if c != m]
    survivors = (survivors | {m}) & kept
    if len(survivors) == 1:
        return survivors, "single-class", "", margins
    if policy.watch and not survivors & set(policy.watch):
        return survivors, "watch", "", margins
    if policy.group_exit:
        group = next((g for g, members in model.groups.items() if survivors <= members), None)
        if group is not None:
            return survivors, "group", group, margins
    return survivors, None, "", margins


def decide(model, exit_logits, final_logits, policy):
    """The answer for one image: the result's names with `_` for `-`, and `margin`."""
    strategy = policy.strategy or model.strategy
    thresholds = model.betas(policy, strategy) if strategy != "none" else [None] * model.n_exits
    survivors, per_stage, margins, readmitted = set(range(model.n_classes)), [], [], 0
    heads = strategy != "none" or policy.deadline
    for i in range(model.n_exits if heads else 0):
        before = survivors
        survivors, reason, group, new = test_exit(model, policy, strategy, thresholds[i],
                                                  model.floors[i], exit_logits[i], survivors)
        readmitted += len(survivors - before)
        margins += new
        per_stage.append(len(survivors))
        if reason:
            # p is what the strategy looked at: confidence and entropy always use softmax
            softmax = strategy != "class-exclusion" or model.score == "softmax"
            log_p = (log_softmax if softmax else log_sigmoid)(exit_logits[i])
            return result(model, i, reason, group, survivors, [math.exp(v) for v in log_p],
                          per_stage, sum(model.macs[:i + 1]), margins, readmitted, policy)
    order = best_first(survivors, final_logits)
    if len(order) > 1:
        margins.append(final_logits[order[0]] - final_logits[order[1]])
    log_p = dict(zip(order, log_softmax([final_logits[c] for c in order])))
    macs = sum(model.macs) - (0 if heads else sum(model.head_macs))
    floor = model.floors[model.n_exits]
    if floor is None or model.floor_score == "logit":  # else all rows are computed
        macs -= (model.n_classes - len(survivors)) * model.row_macs
    reason = "final"
    per_stage += [len(survivors)] * (model.n_exits + 1 - len(per_stage))
    if floor is not None:
        evidence, unit = floor_scores(model, final_logits)
        margins.append(abs(evidence[order[0]] - floor) * unit)
        if not evidence[order[0]] > floor:
            survivors, reason = set(), "nothing"
            per_stage[-1] = 0
    return result(model, model.n_exits, reason, "", survivors,
                  {c: math.exp(v) for c, v in log_p.items()},
                  per_stage, macs, margins, readmitted, policy)


def result(model, stage, reason, group, survivors, p, per_stage, macs, margins, readmitted, policy):
    order = best_first(survivors, p)
    answer = order[0] if order and order[0] != model.nothing else None
    if answer is None:
        label, class_index, confidence, group, reason = None, -1, 0.0, "", "nothing"
    else:
        label, class_index, confidence = model.labels[answer], answer, p[answer]
    return SimpleNamespace(
        label=label, class_index=class_index, confidence=confidence, group=group,
        watched=-1 if not policy.watch else int(answer in policy.watch),
        exit_stage=stage, stage_count=model.n_exits + 1, stop_reason=reason, survivors=order,
        survivor_labels=[model.labels[c] for c in order], survivor_scores=[p[c] for c in order],
        survivors_per_stage=per_stage, macs=macs, macs_full=model.macs_full,
                           margin=min(margins, default=math.inf),
        readmitted=readmitted)
