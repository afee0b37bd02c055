"""Reads the sets of sources.toml: pictures and boxes from a public repository at one commit."""

import hashlib
import subprocess
import xml.etree.ElementTree as tree
from pathlib import Path

import cv2
import numpy as np
import tomllib

HERE = Path(__file__).resolve().parent


class BadSource(Exception):
    """A set that cannot be had as sources.toml describes it."""


def load():
    """The entries of sources.toml."""
    return tomllib.loads((HERE / "sources.toml").read_text(encoding="utf-8"))["source"]


def listed(name):
    """(SHA-256, path) of every picture of the set that is used."""
    lines = (HERE / "pictures" / f"{name}.txt").read_text(encoding="utf-8").splitlines()
    return [tuple(line.split("  ", 1)) for line in lines]


class Repository:
    """A clone without files, whose objects are read by git."""

    def __init__(self, source, clones):
        owner, name = source["repository"].rsplit("/", 2)[1:]
        self.folder, self.commit = Path(clones) / f"{owner}+{name}", source["commit"]
        if self.has_commit():
            return
        self.folder.mkdir(parents=True, exist_ok=True)
        self.git("init", "--quiet", "--bare")
        self.git("fetch", "--quiet", "--depth", "1", source["repository"], self.commit)
        if not self.has_commit():
            raise BadSource(f"{source['repository']}: has no commit {self.commit}")

    def has_commit(self):
        if not self.folder.exists():
            return False
        command = ["git", "-C", str(self.folder), "cat-file", "-e", f"{self.commit}^{{commit}}"]
        return subprocess.run(command, capture_output=True, check=False).returncode == 0

    def git(self, *arguments):
        command = ["git", "-C", str(self.folder), *arguments]
        result = subprocess.run(command, capture_output=True, check=False)
        if result.returncode != 0:
            words = result.stderr.decode(errors="replace").strip()
            raise BadSource(f"{self.folder}: git {arguments[0]}: {words}")
        return result.stdout

    def read(self, path):
        """The bytes of one file."""
        return self.git("cat-file", "blob", f"{self.commit}:{path}")


def boxes_of_voc(text, classes):
    """Boxes (class, [x_min, y_min, x_max, y_max]) of Pascal VOC's XML."""
    for thing in tree.fromstring(text).iter("object"):
        kind = classes.get(thing.findtext("name"))
        if kind:
            sides = [float(thing.findtext(f"bndbox/{key}"))
                     for key in ("xmin", "ymin", "xmax", "ymax")]
            yield kind, np.array(sides)


def boxes_of_yolo(text, classes, size):
    """The same of Darknet's lines, with boxes or outlines in shares of the picture."""
    for line in text.decode("utf-8").splitlines():
        number, *values = line.split()
        kind = classes.get(number)
        if not kind:
            continue
        values = np.array(values, np.float64)
        if len(values) == 4:
            middle, half = values[:2], values[2:] / 2
            corners = np.stack([middle - half, middle + half])
        else:
            corners = values.reshape(-1, 2)
        yield kind, np.concatenate([corners.min(0), corners.max(0)]) * np.tile(size, 2)


def read(source, clones):
    """(path, picture BGR, boxes) of every picture of a set that is used."""
    repository = Repository(source, clones)
    for digest, path in listed(source["name"]):
        content = repository.read(path)
        if hashlib.sha256(content).hexdigest() != digest:
            raise BadSource(f"{source['name']}: {path}: its SHA-256 is not the listed one")
        picture = cv2.imdecode(np.frombuffer(content, np.uint8), cv2.IMREAD_COLOR)
        if picture is None:
            raise BadSource(f"{source['name']}: {path}: not a picture")
        ending = ".xml" if source["format"] == "voc" else ".txt"
        place = path.replace(source["images"] + "/", source["labels"] + "/")
        text = repository.read(place.removesuffix(Path(place).suffix) + ending)
        size = np.array(picture.shape[1::-1])
        found = (boxes_of_voc(text, source["classes"]) if source["format"] == "voc"
                 else boxes_of_yolo(text, source["classes"], size))
        yield path, picture, list(found)
