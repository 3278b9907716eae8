# SPDX-License-Identifier: LGPL-2.1-or-later
"""Sorts ImageNet's 1000 classes into the groups of the everyday models.

Reads WordNet 3.0 (Princeton University; Debian's package wordnet-base), writes a line for each
group, `NAME: LABEL, LABEL, ...;`, as `winnow join --groups` reads them.

usage: groups.py LABELS.txt [/usr/share/wordnet] > GROUPS.txt
       groups.py LABELS.txt --list       one group a paragraph, to be read

The labels stand in ImageNet's order, which is that of WordNet's offsets.  A label is a word of
several meanings; the meanings of all labels whose offsets ascend are the classes.
"""

import bisect
import collections
import os
import sys

# NAME, its kinds, its labels.  A class belongs to the group that lists its label, else to the
# first that has a hypernym of it among its kinds: a word of WordNet with all its meanings, or with
# the one whose offset stands behind it.
GROUPS = [
    ("dog", "domestic_dog", ""),
    ("cat", "domestic_cat", ""),
    ("bird", "bird/1503061", ""),
    ("fish", "fish/2512053", ""),
    ("reptile", "reptile amphibian/1627424", ""),
    ("insect", "insect/2159955 arachnid centipede", ""),
    ("farm animal", "", "sorrel, hog, ox, ram, Arabian camel, llama"),
    ("wild animal", "mammal", ""),
    ("sea animal", "invertebrate", ""),
    ("person", "person", ""),
    ("boat", "vessel/4530566", "gondola, submarine"),
    ("aircraft", "aircraft", "wing, parachute, space shuttle"),
    ("vehicle", "wheeled_vehicle vehicle", """amphibian, car mirror, car wheel, disk brake, grille,
     seat belt, harvester, thresher, snowplow, bullet train, half track, minibus, school bus,
     trolleybus, tank"""),
    ("plant", "plant/17222 flower/11669335 fungus",
     "hay, rapeseed, corn, acorn, hip, buckeye, ear"),
    ("food", "food/7555863 food/21265 edible_fruit vegetable/7707451 beverage dish/7557434",
     "menu, consomme, honeycomb"),
    ("landscape", "geological_formation shore", "lakeside, volcano, bubble, spider web"),
    ("instrument", "musical_instrument", "drumstick, pick, whistle"),
    ("weapon", "weapon", "missile, projectile, holster, scabbard, guillotine, bow, cannon"),
    ("electronics",
     "electronic_equipment computer peripheral camera telephone television clock/3046257",
     """screen, projector, loudspeaker, microphone, home theater, web site, iPod, cash machine,
     hand-held computer, hard disc, joystick, modem, oscilloscope, printer, photocopier,
     remote control, slot, space bar, switch, typewriter keyboard, vending machine, solar dish,
     digital watch, parking meter, radio, tape player, cassette player, CD player, mouse,
     stopwatch"""),
    ("clothing", """clothing/3051540 footwear headdress/3502509 jewelry protective_garment
     hairpiece""", """bib, buckle, bulletproof vest, chain mail, clog, cuirass, breastplate,
     diaper, face powder, feather boa, gasmask, hair slide, handkerchief, jersey,
     knee pad, lotion, lipstick, mask,
     military uniform, muzzle, necklace, oxygen mask, perfume, pickelhaube, purse, shield, ski mask,
     sunglass, sunglasses, sunscreen, umbrella, velvet, wallet, wool"""),
    ("furniture", "furniture bedclothes curtain lamp", """bathtub, candle, fire screen, lampshade,
     medicine chest, mosquito net, pillow, plate rack, prayer rug, doormat, quilt, washbasin,
     window shade, shoji, toilet seat, jack-o'-lantern, pool table, altar"""),
    ("household", "home_appliance stove", """bath towel, broom, dishrag, electric fan,
     hair spray, hand blower, iron, paper towel, radiator, rotisserie, sewing machine, space heater,
     spotlight, toilet tissue, Band Aid, swab, book jacket, binder, matchstick, lighter,
     refrigerator, swing"""),
    ("sport", "game_equipment sports_equipment gymnastic_apparatus ball/2778669 plaything",
     """barbell, dumbbell, ski, snorkel, puck, paddle, racket, carousel, maypole, comic book,
     crossword puzzle"""),
    ("container", "container cooking_utensil tableware", "envelope, mailbox"),
    ("building", "structure/4341686 building", """bakery, barbershop, bell cote, birdhouse, dome,
     bookshop, butcher shop, confectionery, dock, drilling platform, flagpole, fountain,
     grocery store, library, maze, patio, radio telescope, pier, planetarium, pole,
     scoreboard, shoe shop, stage,
     street sign, sundial, thatch, tile roof, tobacco shop, totem pole, toyshop, traffic light,
     vault, water tower, window screen, pedestal, turnstile, sliding door, manhole cover"""),
    ("tool", "entity", """coil, ladle, spatula, strainer, thimble, wooden spoon, hourglass,
     slide rule, measuring cup"""),
]


def read_wordnet(folder):
    """({offset: hypernyms' offsets}, {word in lower case: offsets})."""
    above, meanings = {}, collections.defaultdict(list)
    with open(os.path.join(folder, "data.noun"), encoding="utf-8") as file:
        for line in file:
            if line.startswith(" "):  # the licence
                continue
            fields = line.split(" | ")[0].split()
            offset, n_words = int(fields[0]), int(fields[3], 16)
            at = 4 + 2 * n_words
            pointers = [fields[at + 1 + 4 * i:at + 3 + 4 * i] for i in range(int(fields[at]))]
            above[offset] = [int(to) for kind, to in pointers if kind in ("@", "@i")]
            for word in fields[4:at:2]:
                meanings[word.lower()].append(offset)
    return above, meanings


def words_of(label):
    """How WordNet writes a label; a number behind it only tells it from another."""
    name, _, last = label.rpartition(" ")
    return (name if last.isdigit() else label).lower().replace(" ", "_")


def find_offsets(labels, meanings):
    """The longest ascending chain through the labels' meanings."""
    ends, nodes, before = [], [], {}
    for index, label in enumerate(labels):
        for offset in sorted(set(meanings[words_of(label)]), reverse=True):
            at = bisect.bisect_left(ends, offset)
            node = (index, offset)
            before[node] = nodes[at - 1] if at else None
            ends[at:at + 1], nodes[at:at + 1] = [offset], [node]
    chain, node = {}, nodes[-1]
    while node:
        chain[node[0]] = node[1]
        node = before[node]
    missing = [label for index, label in enumerate(labels) if index not in chain]
    if missing:
        sys.exit(f"groups.py: no meaning found for {', '.join(missing)}")
    return [chain[index] for index in range(len(labels))]


def hypernyms(offset, above):
    """The class and all that it is a kind of."""
    seen, todo = set(), [offset]
    while todo:
        offset = todo.pop()
        if offset not in seen:
            seen.add(offset)
            todo += above[offset]
    return seen


def offsets_named(kind, meanings):
    word, _, offset = kind.partition("/")
    found = set(meanings[word.lower()])
    if not found or (offset and int(offset) not in found):
        sys.exit(f"groups.py: WordNet has no noun {kind}, only {sorted(found)}")
    return {int(offset)} if offset else found


def labels_named(labels, known):
    names = [" ".join(name.split()) for name in labels.split(",") if name.strip()]
    unknown = [name for name in names if name not in known]
    if unknown:
        sys.exit(f"groups.py: no class is called {', '.join(unknown)}")
    return names


def sort_classes(labels, folder):
    """{group: labels}."""
    above, meanings = read_wordnet(folder)
    own = {label: name for name, _, names in GROUPS for label in labels_named(names, labels)}
    kinds = [(name, set().union(*(offsets_named(k, meanings) for k in words.split())))
             for name, words, _ in GROUPS]
    groups = {name: [] for name, _, _ in GROUPS}
    for label, offset in zip(labels, find_offsets(labels, meanings)):
        up = hypernyms(offset, above)
        groups[own.get(label) or next(n for n, wanted in kinds if wanted & up)].append(label)
    return groups


def main():
    if len(sys.argv) not in (2, 3):
        sys.exit(__doc__)
    with open(sys.argv[1], encoding="utf-8") as file:
        labels = file.read().splitlines()
    listing = sys.argv[2:] == ["--list"]
    groups = sort_classes(labels, "/usr/share/wordnet" if listing or len(sys.argv) == 2
                          else sys.argv[2])
    if listing:
        for name, members in groups.items():
            print(f"{name} ({len(members)}): {', '.join(members)}\n")
    else:
        for name, members in groups.items():
            print(f"{name}: {', '.join(members)};")


if __name__ == "__main__":
    main()
