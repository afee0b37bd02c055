"""Speech synthesizers that report when each word is said.

Each `speak` gives (rate in Hz, samples as an array of 16-bit integers, one (start, end) in samples
for each word of the text). A word is what stands between spaces.
"""

import array
import ctypes
import re
import subprocess
import tempfile
from pathlib import Path
from typing import ClassVar

# Quieter than this, a 16-bit sample is silence between synthetic words.
SILENCE = 200


class Espeak:
    """espeak-ng through its library, which reports the words while it speaks."""

    class Event(ctypes.Structure):
        _fields_ = [("type", ctypes.c_int), ("unique", ctypes.c_uint), ("at", ctypes.c_int),
                    ("length", ctypes.c_int), ("audio_ms", ctypes.c_int), ("sample", ctypes.c_int),
                    ("user", ctypes.c_void_p), ("id", ctypes.c_void_p)]

    library = None

    def __init__(self, voice, words_per_minute):
        self.voice, self.rate = voice, words_per_minute

    def speak(self, text):
        if Espeak.library is None:
            Espeak.library = ctypes.CDLL("libespeak-ng.so.1")
            # Synchronous, without playback.
            Espeak.hz = Espeak.library.espeak_Initialize(2, 0, None, 0)
        library, samples, marks = Espeak.library, array.array("h"), []
        kind = ctypes.CFUNCTYPE(ctypes.c_int, ctypes.POINTER(ctypes.c_short), ctypes.c_int,
                                ctypes.POINTER(self.Event))

        def receive(data, count, events):
            if count:
                samples.extend(data[:count])
            at = 0
            while events[at].type != 0:
                if events[at].type == 1:
                    marks.append((events[at].at - 1, events[at].sample))
                at += 1
            return 0

        callback = kind(receive)
        library.espeak_SetSynthCallback(callback)
        if library.espeak_SetVoiceByName(self.voice.encode()) != 0:
            raise SystemExit(f"espeak-ng has no voice {self.voice}")
        library.espeak_SetParameter(1, self.rate, 0)
        data = text.encode() + b"\0"
        if library.espeak_Synth(data, len(data), 0, 1, 0, 1, None, None) != 0:
            raise SystemExit("espeak-ng failed")
        begins = [found.start() for found in re.finditer(r"\S+", text)]
        starts = [None] * len(begins)
        for at, sample in marks:
            word = max(i for i, begin in enumerate(begins) if begin <= max(at, 0))
            if starts[word] is None:
                starts[word] = sample
        starts[0] = starts[0] or 0
        ends = fill(starts, len(samples))
        return self.hz, samples, [trim(samples, *span) for span in zip(starts, ends, strict=True)]


def fill(starts, length):
    """Spreads words without a mark between their neighbors; gives each word's end."""
    for at, start in enumerate(starts):
        if start is None:
            after = next((i for i in range(at, len(starts)) if starts[i] is not None), None)
            end = length if after is None else starts[after]
            left = (len(starts) if after is None else after) - at + 1
            starts[at] = starts[at - 1] + (end - starts[at - 1]) // left
    return [*starts[1:], length]


def trim(samples, start, end):
    """Without the silence after the word."""
    while end > start + 1 and abs(samples[end - 1]) < SILENCE:
        end -= 1
    return start, end


class Flite:
    """flite through its library: the times are those of the words' segments."""

    libraries: ClassVar[dict] = {}

    def __init__(self, voice, stretch):
        self.name, self.stretch = voice, stretch

    def load(self):
        if "flite" not in Flite.libraries:
            for name in ["flite", "flite_usenglish", "flite_cmulex"]:
                Flite.libraries[name] = ctypes.CDLL(f"lib{name}.so.1", ctypes.RTLD_GLOBAL)
            Flite.libraries["flite"].flite_init()
        if self.name not in Flite.libraries:
            library = ctypes.CDLL(f"libflite_cmu_us_{self.name}.so.1", ctypes.RTLD_GLOBAL)
            register = getattr(library, f"register_cmu_us_{self.name}")
            register.restype = ctypes.c_void_p
            Flite.libraries[self.name] = register(None)
        return Flite.libraries["flite"], Flite.libraries[self.name]

    def speak(self, text):
        flite, voice = self.load()
        pointer, string = ctypes.c_void_p, ctypes.c_char_p

        def call(name, result, *arguments):
            function = getattr(flite, name)
            function.restype = result
            return function(*arguments)

        features = pointer.from_address(voice + ctypes.sizeof(pointer))
        call("feat_set_float", None, features, b"duration_stretch",
             ctypes.c_float(self.stretch))
        utterance = pointer(call("flite_synth_text", pointer, string(text.encode()),
                                 pointer(voice)))
        relation = pointer(call("utt_relation", pointer, utterance, b"Token"))
        token, spans = pointer(call("relation_head", pointer, relation)), []
        while token.value:
            first = "daughter1.R:SylStructure.daughter1.daughter1.R:Segment.p.end"
            last = "daughtern.R:SylStructure.daughtern.daughtern.R:Segment.end"
            spans.append(tuple(call("ffeature_float", ctypes.c_float, token, path.encode())
                               for path in ["R:Token." + first, "R:Token." + last]))
            token = pointer(call("item_next", pointer, token))

        class Wave(ctypes.Structure):
            _fields_ = [("type", string), ("rate", ctypes.c_int), ("count", ctypes.c_int),
                        ("channels", ctypes.c_int), ("samples", ctypes.POINTER(ctypes.c_short))]

        wave = call("utt_wave", ctypes.POINTER(Wave), utterance).contents
        samples = array.array("h", wave.samples[:wave.count])
        rate = wave.rate
        call("delete_utterance", None, utterance)
        if len(spans) != len(text.split()):
            raise SystemExit(f"flite made {len(spans)} words of {text!r}")
        return rate, samples, [(int(a * rate), int(b * rate)) for a, b in spans]


class Festival:
    """festival, a process for each text: the times are those of the words' segments."""

    def __init__(self, voice, stretch):
        self.voice, self.stretch = voice, stretch

    def speak(self, text):
        with tempfile.TemporaryDirectory() as folder:
            out = Path(folder) / "out.raw"
            script = f"""
(voice_{self.voice})
(Parameter.set 'Duration_Stretch {self.stretch})
(set! utt (utt.synth (Utterance Text "{text}")))
(mapcar (lambda (token)
  (format t "TOKEN\\n")
  (mapcar (lambda (word)
    (format t "WORD %f %f\\n" (item.feat word "word_start") (item.feat word "word_end")))
    (item.daughters token)))
  (tokens utt))
(utt.save.wave utt "{out}" 'raw)
(format t "RATE %d\\n" (cadr (assoc 'sample_rate (wave.info (utt.wave utt)))))
"""
            define = """
(define (tokens utt)
  (let ((token (utt.relation.first utt 'Token)) (all nil))
    (while token (set! all (cons token all)) (set! token (item.next token)))
    (reverse all)))
"""
            path = Path(folder) / "say.scm"
            path.write_text(define + script)
            done = subprocess.run(["festival", "--batch", str(path)], capture_output=True,
                                  text=True, check=True)
            rows = [line.split() for line in done.stdout.splitlines()]
            rate = next(int(row[1]) for row in rows if row[:1] == ["RATE"])
            spans = []
            for row in rows:
                if row[:1] == ["TOKEN"]:
                    spans.append(None)
                elif row[:1] == ["WORD"] and float(row[2]) > 0:
                    start, end = (int(float(value) * rate) for value in row[1:])
                    spans[-1] = (spans[-1][0] if spans[-1] else start, end)
            samples = array.array("h", out.read_bytes())
        if len(spans) != len(text.split()) or None in spans:
            raise SystemExit(f"festival made {len(spans)} words of {text!r}")
        return rate, samples, spans
