"""Makes the recordings of the speech benchmark: made-up dialogues, spoken by synthesizers.

    python3 make.py WORK/ [--set dev|test] [--exchanges N] [--no-video]

Needs espeak-ng, flite, festival, festvox-kallpc16k, festvox-kdlpc16k, festvox-us-slt-hts (Debian)
and ffmpeg. WORK/NAME.wav has its truth in WORK/NAME.truth.json; `../speech.md` has the format. Same
packages, same bytes.
"""

import argparse
import array
import json
import math
import random
import re
import subprocess
import wave
from pathlib import Path

import values
import voices

HERE = Path(__file__).parent
HZ = 16000
SLOT = re.compile(r"\{(\w+)\}")
CLASSES = {
    "first": "person-name", "last": "person-name", "full": "person-name",
    "spelled": "person-name", "phone": "phone-number", "address": "street-address",
    "email": "email-address", "dob": "date-of-birth", "ssn": "social-security-number",
    "last4": "social-security-number", "license": "id-number", "plate": "license-plate",
    "card": "account-number", "account": "account-number", "work": "work-or-school",
    "school": "work-or-school",
}
# Two voices speak in each recording. No voice of the development set is in the test set.
PAIRS = {
    "dev": [
        ("espeak-and-espeak", voices.Espeak("en-us", 150), voices.Espeak("en-us+f3", 165)),
        ("slt-and-rms", voices.Flite("slt", 1.0), voices.Flite("rms", 0.95)),
    ],
    "test": [
        ("espeak-fast", voices.Espeak("en-us+m7", 175), voices.Espeak("en-us+f4", 150)),
        ("awb-and-kal", voices.Flite("awb", 1.0), voices.Flite("kal16", 1.05)),
        ("ked-and-kal", voices.Festival("ked_diphone", 1.0), voices.Festival("kal_diphone", 1.1)),
        ("hts-and-awb", voices.Festival("cmu_us_slt_arctic_hts", 0.95), voices.Flite("awb", 0.9)),
    ],
}


def exchanges(name):
    """The scripts of a set: those with personal data, and those without."""
    blocks = (HERE / f"{name}.txt").read_text().strip().split("\n\n")
    found = [[line.split(": ", 1) for line in block.splitlines()] for block in blocks]
    has_slot = [any(SLOT.search(text) for _, text in lines) for lines in found]
    return ([lines for lines, slot in zip(found, has_slot, strict=True) if slot],
            [lines for lines, slot in zip(found, has_slot, strict=True) if not slot])


def filled(text, made):
    """The text without slots, and for each of its words the number of its item or None."""
    words, items, classes = [], [], []
    for part in re.split(r"(\{\w+\}[,.?!]*)", text):
        slot = SLOT.match(part)
        said = made.make(slot[1]) + part[slot.end():] if slot else part
        if slot:
            classes.append(CLASSES[slot[1]])
        for word in said.split():
            if not re.search(r"\w", word):
                words[-1] += word
                continue
            words.append(word)
            items.append(len(classes) - 1 if slot else None)
    return words, items, classes


def resampled(rate, samples):
    """The samples at `HZ`."""
    command = ["ffmpeg", "-v", "error", "-f", "s16le", "-ar", str(rate), "-ac", "1", "-i", "-",
               "-af", "aresample=resampler=swr", "-f", "s16le", "-ar", str(HZ), "-"]
    done = subprocess.run(command, input=samples.tobytes(), capture_output=True, check=True)
    found = array.array("h", done.stdout)
    peak = max(1, max(abs(sample) for sample in found))
    return array.array("h", [sample * 12000 // peak for sample in found])


def speak(script, pair, made, chance):
    """Sound and truth of a recording."""
    sound = array.array("h", bytes(2 * HZ))
    truth = {"words": [], "items": [], "clear": []}
    for lines in script:
        for speaker, text in lines:
            words, items, classes = filled(text, made)
            rate, samples, spans = pair["AB".index(speaker)].speak(" ".join(words))
            at = len(sound) / HZ
            times = [(round(at + a / rate, 3), round(at + b / rate, 3)) for a, b in spans]
            note(truth, words, items, classes, times)
            sound.extend(resampled(rate, samples))
            sound.extend(array.array("h", bytes(2 * int(HZ * chance.uniform(0.3, 1.4)))))
    return sound, truth


def note(truth, words, items, classes, times):
    """Adds an utterance to the truth."""
    for word, item, (start, end) in zip(words, items, times, strict=True):
        truth["words"].append({"text": word, "start": start, "end": end, "personal":
                               item is not None})
    for number, kind in enumerate(classes):
        own = [at for at, item in enumerate(items) if item == number]
        truth["items"].append({"class": kind, "start": times[own[0]][0],
                               "end": times[own[-1]][1],
                               "text": " ".join(words[at] for at in own)})
    run = []
    for item, span in [*zip(items, times, strict=True), (0, None)]:
        if item is None:
            run.append(span)
        elif run:
            truth["clear"].append({"start": run[0][0], "end": run[-1][1]})
            run = []


def level(samples):
    """Root mean square of what is not silent."""
    loud = [sample for sample in samples if abs(sample) > voices.SILENCE]
    return math.sqrt(sum(sample * sample for sample in loud) / max(1, len(loud)))


def with_noise(sound, seed, ratio_db):
    """The sound with pink noise at that signal-to-noise ratio."""
    command = ["ffmpeg", "-v", "error", "-f", "lavfi", "-i",
               f"anoisesrc=color=pink:seed={seed}:sample_rate={HZ}:duration=20",
               "-f", "s16le", "-"]
    noise = array.array("h", subprocess.run(command, capture_output=True, check=True).stdout)
    noisy = math.sqrt(sum(sample * sample for sample in noise) / len(noise))
    gain = level(sound) / noisy / 10 ** (ratio_db / 20)
    mixed = (sample + int(noise[at % len(noise)] * gain) for at, sample in enumerate(sound))
    return array.array("h", [max(-32768, min(32767, sample)) for sample in mixed])


def write(path, sound):
    with wave.open(str(path), "wb") as out:
        out.setnchannels(1)
        out.setsampwidth(2)
        out.setframerate(HZ)
        out.writeframes(sound.tobytes())


def telephone(source, path):
    """As G.711 carries it."""
    subprocess.run(["ffmpeg", "-v", "error", "-y", "-i", str(source), "-af",
                    "highpass=f=300,lowpass=f=3400", "-ar", "8000", "-c:a", "pcm_mulaw",
                    "-fflags", "+bitexact", "-flags", "+bitexact", str(path)], check=True)


def with_picture(source):
    """The sound in an MP4 with a test picture, as `redact scan` takes it."""
    subprocess.run(["ffmpeg", "-v", "error", "-y", "-f", "lavfi", "-i",
                    "testsrc=size=320x240:rate=10", "-i", str(source), "-shortest",
                    "-c:v", "libx264", "-preset", "ultrafast", "-pix_fmt", "yuv420p",
                    "-threads", "1", "-c:a", "aac", "-b:a", "96k", "-fflags", "+bitexact",
                    "-flags", "+bitexact", str(source.with_suffix(".mp4"))], check=True)


def make(work, name, number, per_recording, video):
    label, *pair = PAIRS[name][number]
    chance = random.Random(f"{name} {number}")
    personal, plain = exchanges(name)
    order = personal * 4
    chance.shuffle(order)
    # Every exchange with personal data comes about equally often over a set.
    order = (personal[number % 2::2] + personal[1 - number % 2::2] + order)[:per_recording]
    chance.shuffle(order)
    script = []
    for exchange in order:
        script += chance.sample(plain, chance.choice([1, 1, 2]))
        script.append(exchange)
    sound, truth = speak(script, pair, values.Values(name, chance), chance)
    base = f"{name}-{label}"
    kinds = {"clean": None, "noise": None, "phone": None}
    for kind in kinds:
        path = work / f"{base}-{kind}.wav"
        if kind == "phone":
            telephone(work / f"{base}-clean.wav", path)
        else:
            noisy = sound if kind == "clean" else with_noise(sound, 7 + number, 10)
            write(path, noisy)
        truth["clip"] = path.name
        path.with_suffix(".truth.json").write_text(json.dumps(truth, indent=1) + "\n")
        if video:
            with_picture(path)
    print(base, f"{len(sound) / HZ:.0f} s", len(truth["items"]), "items", flush=True)


def main():
    arguments = argparse.ArgumentParser(description=__doc__)
    arguments.add_argument("work", type=Path)
    arguments.add_argument("--set", choices=list(PAIRS), action="append")
    arguments.add_argument("--exchanges", type=int, default=52, help="with personal data, each")
    arguments.add_argument("--no-video", action="store_true")
    given = arguments.parse_args()
    given.work.mkdir(parents=True, exist_ok=True)
    for name in given.set or list(PAIRS):
        for number in range(len(PAIRS[name])):
            make(given.work, name, number, given.exchanges, not given.no_video)


if __name__ == "__main__":
    main()
