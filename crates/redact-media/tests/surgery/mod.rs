//! Takes a release apart into boxes and samples and puts it together again.

#![allow(dead_code, reason = "each test program uses a part of it")]

/// A box: what it says itself, and the boxes in it. A box without inner ones is all head.
#[derive(Clone)]
pub(crate) struct Node {
    kind: [u8; 4],
    pub(crate) head: Vec<u8>,
    pub(crate) children: Vec<Node>,
}

/// A file, without its media.
pub(crate) struct File {
    top: Vec<Node>,
    /// Samples of each track, in decoding order.
    pub(crate) samples: Vec<Vec<Vec<u8>>>,
}

/// Numbers as a file has them.
pub(crate) fn words(words: &[u32]) -> Vec<u8> {
    words.iter().flat_map(|word| word.to_be_bytes()).collect()
}

fn word(bytes: &[u8], at: usize) -> u32 {
    u32::from_be_bytes(bytes[at..at + 4].try_into().unwrap())
}

impl Node {
    /// The boxes that fill `bytes`.
    fn read(mut bytes: &[u8]) -> Vec<Self> {
        let mut found = Vec::new();
        while !bytes.is_empty() {
            let (this, rest) = bytes.split_at(word(bytes, 0) as usize);
            bytes = rest;
            let kind: [u8; 4] = this[4..8].try_into().unwrap();
            let body = &this[8..];
            let own = match &kind {
                b"moov" | b"trak" | b"edts" | b"mdia" | b"minf" | b"stbl" => 0,
                b"stsd" => 8,
                b"avc1" => 78,
                b"mp4a" => 28,
                _ => body.len(),
            };
            found.push(Self {
                kind,
                head: body[..own].to_vec(),
                children: Self::read(&body[own..]),
            });
        }
        found
    }

    fn write(&self) -> Vec<u8> {
        let inner: Vec<u8> = self.children.iter().flat_map(Self::write).collect();
        let length = u32::try_from(8 + self.head.len() + inner.len()).unwrap();
        [&length.to_be_bytes()[..], &self.kind, &self.head, &inner].concat()
    }

    fn find<'a>(nodes: &'a mut [Self], path: &str) -> &'a mut Self {
        let (name, rest) = path.split_once('/').unwrap_or((path, ""));
        let (kind, number) = name.split_once(':').unwrap_or((name, "0"));
        let mut named = nodes.iter_mut().filter(|node| node.kind == kind.as_bytes());
        let node = named.nth(number.parse().unwrap()).unwrap();
        if rest.is_empty() {
            node
        } else {
            Self::find(&mut node.children, rest)
        }
    }
}

impl File {
    /// Takes a release apart: one sample per entry of its tables, every chunk where they say.
    pub(crate) fn read(bytes: &[u8]) -> Self {
        let mut top = Node::read(bytes);
        top.retain(|node| &node.kind != b"mdat" && &node.kind != b"free");
        let mut file = Self {
            top,
            samples: Vec::new(),
        };
        for track in ["moov/trak/", "moov/trak:1/"] {
            let sizes = file.table(track, "stsz").clone();
            let runs = file.table(track, "stsc").clone();
            let chunks = file.table(track, "stco").clone();
            let mut samples = Vec::new();
            for chunk in 0..word(&chunks, 4) {
                let of_chunk = (0..word(&runs, 4) as usize)
                    .filter(|run| word(&runs, 8 + run * 12) <= chunk + 1)
                    .map(|run| word(&runs, 12 + run * 12))
                    .next_back()
                    .unwrap();
                let mut at = word(&chunks, 8 + chunk as usize * 4) as usize;
                for _ in 0..of_chunk {
                    let size = match word(&sizes, 4) {
                        0 => word(&sizes, 12 + samples.len() * 4),
                        size => size,
                    };
                    samples.push(bytes[at..at + size as usize].to_vec());
                    at += size as usize;
                }
            }
            let count = u32::try_from(samples.len()).unwrap();
            *file.table(track, "stsc") = words(&[0, 1, 1, 1, 1]);
            *file.table(track, "stco") = words(&[vec![0, count], vec![0; count as usize]].concat());
            file.samples.push(samples);
        }
        file
    }

    /// Puts it together again, every sample in a chunk of its own; tables of sizes and places are
    /// made anew, but for entries that are more than the samples.
    pub(crate) fn write(mut self) -> Vec<u8> {
        let mut media: Vec<u8> = Vec::new();
        let mut places = Vec::new();
        for (track, samples) in ["moov/trak/", "moov/trak:1/"]
            .iter()
            .zip(self.samples.clone())
        {
            let flags = word(self.table(track, "stsz"), 0);
            let count = u32::try_from(samples.len()).unwrap();
            let sizes = samples
                .iter()
                .map(|sample| u32::try_from(sample.len()).unwrap());
            let sizes = [flags, 0, count]
                .into_iter()
                .chain(sizes)
                .collect::<Vec<_>>();
            *self.table(track, "stsz") = words(&sizes);
            for sample in &samples {
                places.push(media.len());
                media.extend(sample);
            }
            let places = self.table(track, "stco");
            let missing = (8 + samples.len() * 4).saturating_sub(places.len());
            places.extend(vec![0; missing]);
            let all = u32::try_from(places.len() / 4 - 2).unwrap();
            places[4..8].copy_from_slice(&all.to_be_bytes());
        }
        let length = |nodes: &[Node]| nodes.iter().map(|node| node.write().len()).sum::<usize>();
        let start = length(&self.top) + 8;
        let mut places = places.into_iter();
        for (track, samples) in ["moov/trak/", "moov/trak:1/"]
            .iter()
            .zip(self.samples.clone())
        {
            for i in 0..samples.len() {
                let place = u32::try_from(start + places.next().unwrap()).unwrap();
                let at = 8 + i * 4;
                self.table(track, "stco")[at..at + 4].copy_from_slice(&place.to_be_bytes());
            }
        }
        let mut bytes: Vec<u8> = self.top.iter().flat_map(Node::write).collect();
        bytes.extend(u32::try_from(media.len() + 8).unwrap().to_be_bytes());
        bytes.extend(b"mdat");
        bytes.extend(media);
        bytes
    }

    /// A box.
    pub(crate) fn node(&mut self, path: &str) -> &mut Node {
        Node::find(&mut self.top, path)
    }

    /// What a box says itself.
    pub(crate) fn body(&mut self, path: &str) -> &mut Vec<u8> {
        &mut Node::find(&mut self.top, path).head
    }

    /// A table of a track.
    pub(crate) fn table(&mut self, track: &str, kind: &str) -> &mut Vec<u8> {
        self.body(&format!("{track}mdia/minf/stbl/{kind}"))
    }

    /// Puts one more entry at the end of a table.
    pub(crate) fn append(&mut self, track: &str, kind: &str, entry: &[u32]) {
        let table = self.table(track, kind);
        let count = word(table, 4) + 1;
        table[4..8].copy_from_slice(&count.to_be_bytes());
        table.extend(words(entry));
    }

    /// Puts a new table into a track.
    pub(crate) fn add(&mut self, track: &str, kind: &str, head: Vec<u8>) {
        let tables = Node::find(&mut self.top, &format!("{track}mdia/minf/stbl"));
        tables.children.push(Node {
            kind: kind.as_bytes().try_into().unwrap(),
            head,
            children: Vec::new(),
        });
    }

    /// Puts a copy of a box of the video track behind it.
    pub(crate) fn again(&mut self, path: &str) {
        let (parent, _) = path.rsplit_once('/').unwrap();
        let copy = Node::find(&mut self.top, &format!("moov/trak/{path}")).clone();
        let parent = Node::find(&mut self.top, &format!("moov/trak/{parent}"));
        parent.children.push(copy);
    }

    /// The description of the track of this kind.
    pub(crate) fn entry(&mut self, kind: &str) -> &mut Node {
        let track = if kind == "avc1" { "trak" } else { "trak:1" };
        let path = format!("moov/{track}/mdia/minf/stbl/stsd/{kind}");
        Node::find(&mut self.top, &path)
    }

    /// What a box in such a description says.
    pub(crate) fn entry_body(&mut self, kind: &str, inner: &str) -> &mut Vec<u8> {
        &mut Node::find(&mut self.entry(kind).children, inner).head
    }
}
