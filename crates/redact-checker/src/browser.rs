//! What JavaScript calls.
//!
//! Numbers that count bytes are `f64`, as JavaScript has no other; they are exact up to 2^53.
//! Errors are texts for the reader.

mod json;
mod package;

use std::io;

use redact_bitstream::mp4::coded_tracks::CodedTrack;
use redact_core::{ColorRange, FrameIndex};
use serde_json::Value;
use wasm_bindgen::prelude::*;

use crate::{
    Audit, AuditInput, Checked, Checker, CheckerError, DecodedSound, PackageChecker, PixelLayout,
    PlaneLayout, SignedFile, SliceReader, Slices, copy_picture, copy_shown, place_sound,
};

#[wasm_bindgen]
extern "C" {
    /// A file that the reader chose. The page's worker implements it.
    pub type PageFile;

    /// Its length, bytes.
    #[wasm_bindgen(method, getter)]
    fn length(this: &PageFile) -> f64;

    /// `bytes` bytes from `at` on.
    #[wasm_bindgen(method, catch)]
    fn read(this: &PageFile, at: f64, bytes: f64) -> Result<Vec<u8>, JsValue>;
}

impl Slices for &PageFile {
    #[expect(
        clippy::cast_precision_loss,
        reason = "files are shorter than 2^53 bytes"
    )]
    fn read(&mut self, at: u64, bytes: u64) -> io::Result<Vec<u8>> {
        let refused = |_| io::Error::other("the browser cannot read the file");
        PageFile::read(self, at as f64, bytes as f64).map_err(refused)
    }
}

impl Slices for PageFile {
    fn read(&mut self, at: u64, bytes: u64) -> io::Result<Vec<u8>> {
        Slices::read(&mut &*self, at, bytes)
    }
}

#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "a length that a browser counted"
)]
fn length(file: &PageFile) -> u64 {
    file.length() as u64
}

fn reader(file: &PageFile) -> SliceReader<&PageFile> {
    SliceReader::new(file, length(file))
}

/// An error and its causes on one line.
fn text(error: &dyn std::error::Error) -> JsError {
    JsError::new(&redact_core::error::with_causes(error))
}

fn refused(error: CheckerError) -> JsError {
    text(&error)
}

/// [`Checker`] and [`PackageChecker`], for the page's worker: the files of one release, or the keys
/// and one package, whose releases are checked one after the other.
#[wasm_bindgen]
#[derive(Default)]
pub struct PageChecker {
    checker: Checker,
    package: Option<PackageChecker<PageFile>>,
    /// What the release of the package is called that is checked now.
    label: String,
    /// The release that is checked now.
    checked: Option<Checked>,
    tracks: Vec<CodedTrack>,
    audit: Option<Audit>,
}

impl PageChecker {
    fn checked(&mut self) -> Result<&mut Checked, JsError> {
        let checked = self.checked.as_mut();
        checked.ok_or_else(|| refused(CheckerError::NotChecked))
    }
}

#[wasm_bindgen]
impl PageChecker {
    /// Nothing to check yet.
    #[wasm_bindgen(constructor)]
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// See [`Checker::add_key`].
    pub fn add_key(&mut self, name: String, bytes: Vec<u8>) {
        self.checker.add_key(name, bytes);
    }

    /// See [`Checker::set_manifest`].
    pub fn set_manifest(&mut self, bytes: Vec<u8>, signature: Vec<u8>) {
        self.checker.set_manifest(SignedFile { bytes, signature });
    }

    /// See [`Checker::set_sealed`].
    pub fn set_sealed(&mut self, bytes: Vec<u8>, signature: Vec<u8>) {
        self.checker.set_sealed(SignedFile { bytes, signature });
    }

    /// See [`Checker::add_manifest`].
    pub fn add_manifest(&mut self, bytes: Vec<u8>, signature: Vec<u8>) {
        self.checker.add_manifest(SignedFile { bytes, signature });
    }

    /// See [`Checker::set_captions`].
    pub fn set_captions(&mut self, bytes: Vec<u8>) {
        self.checker.set_captions(bytes);
    }

    /// See [`Checker::note_stamp`].
    pub fn note_stamp(&mut self) {
        self.checker.note_stamp();
    }

    /// Checks everything that needs no decoder; returns the verdict as JSON.
    ///
    /// # Errors
    /// If the release cannot be checked.
    pub fn check(&mut self, release: &PageFile) -> Result<String, JsError> {
        let checked = self.checker.check(reader(release)).map_err(refused)?;
        Ok(json::release(self.checked.insert(checked)).to_string())
    }

    /// The manifest as JSON, once its signature holds.
    ///
    /// # Errors
    /// If no manifest holds.
    pub fn manifest(&mut self) -> Result<String, JsError> {
        let manifest = self.checked()?.manifest().map_err(refused)?;
        serde_json::to_string(manifest).map_err(|error| text(&error))
    }

    /// The tracks of the release as JSON, in the order of the file.
    ///
    /// # Errors
    /// If they cannot be listed.
    pub fn list_tracks(&mut self, release: &PageFile) -> Result<String, JsError> {
        self.tracks = Checker::tracks(reader(release)).map_err(refused)?;
        let tracks: Vec<Value> = self.tracks.iter().map(json::track).collect();
        Ok(Value::from(tracks).to_string())
    }

    /// The samples of a track in decoding order, four numbers each: offset and length in bytes,
    /// time of presentation in microseconds, 1 for a key frame.
    #[must_use]
    #[expect(
        clippy::cast_precision_loss,
        reason = "JavaScript has no other numbers"
    )]
    pub fn samples(&self, track: usize) -> Vec<f64> {
        let Some(track) = self.tracks.get(track) else {
            return Vec::new();
        };
        let scale = f64::from(track.ticks_per_second);
        let numbers = track.samples.iter().flat_map(|sample| {
            let micros = (sample.shown_at as f64 * 1e6 / scale).round();
            let (offset, bytes) = (sample.offset as f64, f64::from(sample.bytes));
            [offset, bytes, micros, f64::from(u8::from(sample.is_key))]
        });
        numbers.collect()
    }

    /// Begins to measure masks and mutes in the tracks that were listed.
    ///
    /// # Errors
    /// If no manifest holds.
    pub fn begin_audit(&mut self) -> Result<(), JsError> {
        let checked = self.checked.as_ref();
        let checked = checked.ok_or_else(|| refused(CheckerError::NotChecked))?;
        self.audit = Some(checked.begin_audit(&self.tracks).map_err(refused)?);
        Ok(())
    }

    /// Measures the next picture in presentation order: `planes` are offset and stride of each.
    ///
    /// # Errors
    /// If the samples do not fit the picture.
    pub fn take_picture(
        &mut self,
        width: u32,
        height: u32,
        is_full_range: bool,
        is_nv12: bool,
        planes: &[u32],
        samples: &[u8],
    ) -> Result<(), JsError> {
        let range = match is_full_range {
            true => ColorRange::Full,
            false => ColorRange::Limited,
        };
        let layout = match is_nv12 {
            true => PixelLayout::Nv12,
            false => PixelLayout::I420,
        };
        let planes = planes.as_chunks().0.iter();
        let planes: Vec<PlaneLayout> = planes
            .map(|&[offset, stride]| PlaneLayout {
                offset: offset as usize,
                stride: stride as usize,
            })
            .collect();
        let picture = copy_picture((width, height), range, layout, &planes, samples);
        let picture = picture.map_err(|error| text(&error))?;
        if let Some(audit) = &mut self.audit {
            audit.take(AuditInput::Picture(picture));
        }
        Ok(())
    }

    /// See [`Audit::begin_shown`].
    ///
    /// # Errors
    /// If nothing was begun.
    pub fn begin_shown(&mut self, in_file: u32) -> Result<Vec<u32>, JsError> {
        let audit = self.audit.as_mut();
        let audit = audit.ok_or_else(|| refused(CheckerError::NotChecked))?;
        let due = audit.begin_shown(in_file).into_iter();
        Ok(due.map(FrameIndex::get).collect())
    }

    /// See [`Audit::note_decoded`].
    pub fn note_decoded(&mut self, frames: u32) {
        if let Some(audit) = &mut self.audit {
            audit.note_decoded(frames);
        }
    }

    /// Measures fills in a frame as a screen shows it: red, green, blue and opacity of each pixel.
    ///
    /// # Errors
    /// If the pixels do not fit the picture.
    pub fn take_shown(
        &mut self,
        frame: u32,
        width: u32,
        height: u32,
        pixels: &[u8],
    ) -> Result<(), JsError> {
        let picture = copy_shown((width, height), pixels).map_err(|error| text(&error))?;
        if let Some(audit) = &mut self.audit {
            audit.take(AuditInput::Shown(FrameIndex::new(frame), picture));
        }
        Ok(())
    }

    /// Measures interleaved samples of a track; `before` samples per channel came before them.
    #[expect(clippy::cast_possible_truncation, reason = "a count of samples")]
    pub fn take_sound(&mut self, track: usize, before: f64, channels: u16, samples: Vec<f32>) {
        let sound = DecodedSound {
            track,
            before: before as i64,
            channels,
            samples,
        };
        if let (Some(audit), Some(block)) = (&mut self.audit, place_sound(&self.tracks, sound)) {
            audit.take(AuditInput::Sound(&block));
        }
    }

    /// Adds what was measured to the verdict and returns it as JSON; `no_sound` says why sound was
    /// not decoded.
    ///
    /// # Errors
    /// If nothing was begun.
    pub fn finish_audit(&mut self, no_sound: Option<String>) -> Result<String, JsError> {
        let audit = self.audit.take();
        let audit = audit.ok_or_else(|| refused(CheckerError::NotChecked))?;
        let checked = self.checked()?;
        checked.finish_audit(audit, no_sound);
        Ok(json::release(checked).to_string())
    }

    /// Adds to the verdict that the release cannot be decoded; returns it as JSON.
    ///
    /// # Errors
    /// If nothing was checked.
    pub fn fail_audit(&mut self, what: String) -> Result<String, JsError> {
        self.audit = None;
        let checked = self.checked()?;
        checked.fail_audit(what);
        Ok(json::release(checked).to_string())
    }

    /// Adds to the verdict that nothing was measured, and why; returns it as JSON.
    ///
    /// # Errors
    /// If nothing was checked.
    pub fn skip_audit(&mut self, why: String) -> Result<String, JsError> {
        self.audit = None;
        let checked = self.checked()?;
        checked.skip_audit(why);
        Ok(json::release(checked).to_string())
    }
}
