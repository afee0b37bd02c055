//! Encodes one run of re-encoded frames whose pictures stand between those of a recording.
//!
//! Every run has an encoder of its own, so that its coded pictures follow from its own frames and
//! from [`RunSettings`] alone, wherever they are encoded: in a whole render, or one run at a time
//! on another machine.

use ffmpeg_next::codec::encoder;
use ffmpeg_next::{Packet, picture};
use redact_bitstream::h264::avcc::{self, AvcConfig};
use redact_core::{FrameIndex, FrameSpan, SinkError, VideoInfo};

use super::muxing::encode_error;
use super::options::EncodeOptions;
use super::pictures::{Shot, SmartConstraints, open_encoder};
use crate::cached_segment::CachedPacket;
use crate::codec::needs_input;
use crate::ffi;

/// How all runs of a release are encoded.
pub(super) struct RunSettings {
    video: VideoInfo,
    options: EncodeOptions,
    tags: ffi::ColorTags,
    constraints: SmartConstraints,
    /// The parameter sets of every encoder, in Annex B.
    pub(super) config: Vec<u8>,
    /// Their parameter sets, written before each of their IDR pictures if the source repeats its
    /// own; empty otherwise. Some players that find parameter sets in the packets ignore those in
    /// the configuration record.
    repeated: Vec<u8>,
    /// The encoder that was opened to get its parameter sets, until a run uses it.
    ready: Option<encoder::video::Encoder>,
}

/// What runs are encoded for: the recording that contains their pictures.
pub(super) struct RunSource<'a> {
    /// Its pictures.
    pub(super) video: &'a VideoInfo,
    /// Color tags of its first frame.
    pub(super) tags: ffi::ColorTags,
    /// Its AVC configuration record.
    pub(super) config: &'a AvcConfig,
    /// Frames of reordering, at most [`crate::copy_plan::REORDER_MAX`].
    pub(super) reorder: usize,
    /// Whether its packets repeat parameter sets.
    pub(super) repeats_sets: bool,
}

impl RunSettings {
    /// Opens an encoder for `source`; also gives that encoder and its parameter sets, parsed.
    ///
    /// # Errors
    /// [`SinkError::Encode`] when its parameter sets cannot stand beside the recording's.
    pub(super) fn new(
        source: RunSource<'_>,
        options: &EncodeOptions,
    ) -> Result<(Self, encoder::video::Encoder, AvcConfig), SinkError> {
        let config = source.config;
        let sps_id = config.unused_id();
        let constraints = SmartConstraints {
            sps_id: sps_id.ok_or_else(|| refused("every parameter set id is in use".to_owned()))?,
            profile: config.profile_name(),
            reorder: source.reorder,
            dpb_pictures: config.dpb_pictures,
        };
        let encoder = open_encoder(source.video, options, &source.tags, Some(&constraints))?;
        let config = ffi::encoder_extradata(&encoder);
        let own = AvcConfig::from_annex_b(&config).map_err(|odd| refused(odd.to_string()))?;
        let repeated = if source.repeats_sets {
            own.as_nal_units()
        } else {
            Vec::new()
        };
        let settings = Self {
            video: source.video.clone(),
            options: *options,
            tags: source.tags,
            constraints,
            config,
            repeated,
            ready: None,
        };
        Ok((settings, encoder, own))
    }

    /// Uses the encoder that [`RunSettings::new`] opened for the first run.
    pub(super) fn use_first(&mut self, encoder: encoder::video::Encoder) {
        self.ready = Some(encoder);
    }

    /// An encoder for the run of `frames`.
    ///
    /// # Errors
    /// [`SinkError`] when libx264 refuses its settings, or has other parameter sets than before.
    pub(super) fn begin(&mut self, frames: FrameSpan) -> Result<RunEncoder, SinkError> {
        let encoder = match self.ready.take() {
            Some(encoder) => encoder,
            None => open_encoder(
                &self.video,
                &self.options,
                &self.tags,
                Some(&self.constraints),
            )?,
        };
        if ffi::encoder_extradata(&encoder) != self.config {
            return Err(mismatch(
                "libx264 produced different parameter sets for another run".to_owned(),
            ));
        }
        Ok(RunEncoder {
            encoder,
            frames,
            next_frame: frames.start(),
            next_packet: frames.start().get(),
            reorders: self.options.preset.predicts_from_later(),
            repeated: self.repeated.clone(),
        })
    }
}

/// The run that is being encoded.
pub(super) struct RunEncoder {
    encoder: encoder::video::Encoder,
    frames: FrameSpan,
    next_frame: FrameIndex,
    next_packet: u32,
    reorders: bool,
    repeated: Vec<u8>,
}

impl RunEncoder {
    /// The frames of the run.
    pub(super) const fn frames(&self) -> FrameSpan {
        self.frames
    }

    /// Encodes the next frame, shown at `pts`; the encoder is flushed after the last one.
    pub(super) fn send(&mut self, mut shot: Shot, pts: i64) -> Result<(), SinkError> {
        if self.next_frame != self.frames.start() && !self.reorders {
            // The parameter sets declare the copied pictures' reordering, but this preset does not
            // reorder.
            shot.frame.set_kind(picture::Type::P);
        }
        shot.frame.set_pts(Some(pts));
        self.next_frame = self.next_frame.next();
        self.encoder
            .send_frame(&shot.frame)
            .map_err(encode_error("a picture"))?;
        if self.has_all_frames() {
            self.encoder
                .send_eof()
                .map_err(encode_error("the last pictures of a run"))?;
        }
        Ok(())
    }

    /// Whether every frame of the run was sent.
    pub(super) fn has_all_frames(&self) -> bool {
        self.next_frame == self.frames.end()
    }

    /// The next coded picture, if the encoder has one, with its place in decoding order counted
    /// like frames; `frame_at` gives the frame that is shown at a time.
    pub(super) fn receive(
        &mut self,
        frame_at: impl Fn(i64) -> Option<u32>,
    ) -> Result<Option<(u32, CachedPacket)>, SinkError> {
        let mut packet = Packet::empty();
        match self.encoder.receive_packet(&mut packet) {
            Ok(()) => {}
            Err(error) if needs_input(error) => return Ok(None),
            Err(error) => return Err(encode_error("a picture")(error)),
        }
        let frame = packet.pts().and_then(frame_at);
        let (Some(frame), Some(data)) = (frame, packet.data()) else {
            return Err(mismatch(
                "the encoder returned a packet that belongs to no frame".to_owned(),
            ));
        };
        if self.next_packet >= self.frames.end().get() {
            return Err(mismatch(format!("frame {frame} was encoded too late")));
        }
        let mut nal_units = avcc::from_annex_b_without_sei(data);
        if packet.is_key() {
            nal_units.splice(..0, self.repeated.iter().copied());
        }
        let place = self.next_packet;
        self.next_packet += 1;
        let made = CachedPacket {
            frame,
            is_key: packet.is_key(),
            data: nal_units,
        };
        Ok(Some((place, made)))
    }

    /// Checks that every frame was encoded.
    pub(super) fn check_whole(&self) -> Result<(), SinkError> {
        if self.next_packet == self.frames.end().get() {
            return Ok(());
        }
        Err(mismatch("frames of a run were not encoded".to_owned()))
    }
}

/// Why pictures cannot stand between those of the recording.
pub(super) fn refused(why: String) -> SinkError {
    SinkError::Encode {
        what: "pictures between copied ones".to_owned(),
        source: why.into(),
    }
}

pub(super) fn mismatch(what: String) -> SinkError {
    SinkError::Mismatch { what }
}
