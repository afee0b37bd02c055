//! Decodes files without applying the cropping rectangle of their pictures: a release, or the GOPs
//! of a recording that are to be copied. What lies behind that rectangle is measured by
//! [`crate::edges`].

use std::path::Path;

use ffmpeg_next::format::context::Input;
use ffmpeg_next::{Error, Packet, decoder, frame};
use redact_core::{SourceError, SourceSettings};

use crate::codec::needs_input;
use crate::decoders::{VideoDecoder, open_uncropped};
use crate::edges::{CroppedEdges, EdgeMeter, GopEdges};
use crate::{ffi, probe};

/// Decodes a release without cropping and measures the cropped part; `None` if nothing is cropped.
///
/// # Errors
/// When the file cannot be decoded.
pub fn cropped_edges(path: &Path, threads: usize) -> Result<Option<CroppedEdges>, SourceError> {
    let mut meter = EdgeMeter::default();
    let settings = SourceSettings::default();
    ffi::silence_log();
    let mut input = probe::open(path, &settings)?;
    let index = probe::video_stream(&input, settings.video_stream)?;
    let stream = input.stream(index).ok_or(SourceError::Empty)?;
    let mut decoder = open_uncropped(&stream, threads)?;
    decode(&mut input, index, &mut decoder, |picture| {
        meter.add(picture);
    })?;
    Ok(meter.finish())
}

/// Finds the pictures of a recording whose cropped part repeats the edge or is plain, both in the
/// picture itself and in the mean over its GOP.
pub(crate) struct PlainPictures<'a> {
    /// Times of the first pictures of the GOPs, sorted.
    starts: &'a [i64],
    /// Times of the pictures to come, in the order in which they are shown, where packets have no
    /// presentation times.
    counted: Option<std::vec::IntoIter<i64>>,
    decoder: &'a mut VideoDecoder,
    /// Number of the GOP, and its pictures so far.
    gop: (usize, GopEdges),
    /// Times of the pictures found so far.
    plain: Vec<i64>,
}

impl<'a> PlainPictures<'a> {
    /// Borrows `decoder`, whose pictures are not cropped until this is dropped.
    ///
    /// - `counted`: times of the pictures that will be taken, sorted, where packets have none.
    pub(crate) fn new(
        starts: &'a [i64],
        counted: Option<Vec<i64>>,
        decoder: &'a mut VideoDecoder,
    ) -> Self {
        decoder.decoder.flush();
        ffi::set_cropping(&mut decoder.decoder, false);
        Self {
            starts,
            counted: counted.map(Vec::into_iter),
            decoder,
            gop: (0, GopEdges::default()),
            plain: Vec::new(),
        }
    }

    /// Decodes the next packet, of a closed GOP that is taken as a whole.
    pub(crate) fn take(&mut self, packet: &Packet) -> Result<(), SourceError> {
        let sent = self.decoder.decoder.send_packet(packet);
        sent.map_err(undecoded)?;
        self.receive()
    }

    /// Times of the pictures found, in ticks and sorted.
    pub(crate) fn finish(mut self) -> Result<Vec<i64>, SourceError> {
        self.decoder.decoder.send_eof().map_err(undecoded)?;
        self.receive()?;
        self.end_gop(0);
        // A picture that the decoder left out would give the others wrong times.
        if self.counted.as_ref().is_some_and(|times| times.len() > 0) {
            return Ok(Vec::new());
        }
        let mut plain = std::mem::take(&mut self.plain);
        plain.sort_unstable();
        Ok(plain)
    }

    fn receive(&mut self) -> Result<(), SourceError> {
        let mut picture = frame::Video::empty();
        loop {
            match self.decoder.decoder.receive_frame(&mut picture) {
                Ok(()) => self.measure(&picture),
                Err(error) if error == Error::Eof || needs_input(error) => return Ok(()),
                Err(error) => return Err(undecoded(error)),
            }
        }
    }

    fn measure(&mut self, picture: &frame::Video) {
        let time = match &mut self.counted {
            Some(times) => times.next(),
            None => picture.pts(),
        };
        let Some(time) = time else {
            return;
        };
        let number = self.starts.partition_point(|start| *start <= time);
        if number != self.gop.0 {
            self.end_gop(number);
        }
        self.gop.1.add(time, picture);
    }

    /// Ends the GOP; the next one has number `next`.
    fn end_gop(&mut self, next: usize) {
        let (_, ended) = std::mem::replace(&mut self.gop, (next, GopEdges::default()));
        self.plain.extend(ended.into_plain());
    }
}

impl Drop for PlainPictures<'_> {
    fn drop(&mut self) {
        self.decoder.decoder.flush();
        ffi::set_cropping(&mut self.decoder.decoder, true);
    }
}

fn undecoded(error: Error) -> SourceError {
    SourceError::Failed {
        what: "cannot decode the cropped part of the pictures",
        source: ffi::cause(error),
    }
}

/// Decodes every picture of stream `index` of `input`.
fn decode(
    input: &mut Input,
    index: usize,
    decoder: &mut decoder::Video,
    mut measure: impl FnMut(&frame::Video),
) -> Result<(), SourceError> {
    let mut picture = frame::Video::empty();
    loop {
        let mut packet = Packet::empty();
        let is_end = match packet.read(input) {
            Ok(()) if packet.stream() != index => continue,
            Ok(()) => {
                decoder.send_packet(&packet).map_err(undecoded)?;
                false
            }
            Err(Error::Eof) => {
                ffi::input_error(input).map_err(undecoded)?;
                decoder.send_eof().map_err(undecoded)?;
                true
            }
            Err(error) => return Err(undecoded(error)),
        };
        loop {
            match decoder.receive_frame(&mut picture) {
                Ok(()) => measure(&picture),
                Err(Error::Eof) => return Ok(()),
                Err(error) if needs_input(error) && !is_end => break,
                Err(error) => return Err(undecoded(error)),
            }
        }
    }
}
