//! Encodes pictures to H.264.

use std::collections::BTreeMap;

use ffmpeg_next::codec::{self, encoder};
use ffmpeg_next::format::Pixel;
use ffmpeg_next::format::context::Output;
use ffmpeg_next::frame::Video;
use ffmpeg_next::{Codec, Dictionary, Packet, Rational, color, picture};
use redact_bitstream::h264::nal;
use redact_core::{
    ColorRange, Frame, FrameIndex, PictureBuffer, PixelSize, PlaneKind, SinkError, TimeBase,
    Timestamp, VideoInfo,
};

use super::muxing::{encode_error, rational, write_packet};
use super::options::{EncodeOptions, Preset};
use crate::codec::needs_input;
use crate::ffi;
use crate::picture::AvPicture;

/// Longest GOP, in seconds: how much a player has to decode after a seek.
const KEY_SECONDS: u32 = 2;

/// Frame rate for rate control when the container declares none.
const RATE_GUESS: (u32, u32) = (30, 1);

pub(super) fn find_encoder() -> Result<Codec, SinkError> {
    encoder::find_by_name("libx264").ok_or_else(|| SinkError::Encode {
        what: "pictures".to_owned(),
        source: "this FFmpeg was built without libx264".into(),
    })
}

pub(super) struct PictureEncoder {
    encoder: encoder::video::Encoder,
    stream: usize,
    time_base: TimeBase,
    base: Rational,
    first_ticks: i64,
    shift: i64,
    last_pts: Option<i64>,
    end_pts: i64,
    /// Durations of frames inside the encoder, by time, because libx264 drops them.
    durations: BTreeMap<i64, i64>,
}

impl PictureEncoder {
    /// Adds the video stream, with the color tags of `first`.
    pub(super) fn new(
        output: &mut Output,
        info: &VideoInfo,
        options: &EncodeOptions,
        first: &Shot,
        shift: i64,
    ) -> Result<Self, SinkError> {
        let (rate_num, rate_den) = info.frame_rate.unwrap_or(RATE_GUESS);
        let base = rational(info.time_base.num.get(), info.time_base.den.get());
        let encoder = open_encoder(info, options, &ffi::color_tags(&first.frame), None)?;
        let mut stream = output
            .add_stream_with(&encoder)
            .map_err(encode_error("pictures"))?;
        stream.set_time_base(base);
        stream.set_avg_frame_rate(rational(rate_num, rate_den));
        let stream = stream.index();
        Ok(Self {
            encoder,
            stream,
            time_base: info.time_base,
            base,
            first_ticks: first.timestamp.ticks(),
            shift,
            last_pts: None,
            end_pts: shift,
            durations: BTreeMap::new(),
        })
    }

    /// Nanoseconds from the first frame to the end of the last one received.
    pub(super) fn end_nanos(&self) -> i64 {
        Timestamp::new(self.end_pts - self.shift)
            .nanos(self.time_base)
            .unwrap_or(0)
    }

    pub(super) fn encode(&mut self, mut shot: Shot, output: &mut Output) -> Result<(), SinkError> {
        let pts = shot.timestamp.ticks() - self.first_ticks + self.shift;
        if self.last_pts.is_some_and(|last| pts <= last) {
            return Err(SinkError::Mismatch {
                what: format!(
                    "the time of frame {} is not after the previous one",
                    shot.index
                ),
            });
        }
        self.last_pts = Some(pts);
        self.end_pts = pts.saturating_add(shot.duration_ticks);
        self.durations.insert(pts, shot.duration_ticks);
        shot.frame.set_pts(Some(pts));
        self.encoder
            .send_frame(&shot.frame)
            .map_err(encode_error("a picture"))?;
        self.receive(output)
    }

    pub(super) fn finish(&mut self, output: &mut Output) -> Result<(), SinkError> {
        self.encoder
            .send_eof()
            .map_err(encode_error("the last pictures"))?;
        self.receive(output)?;
        if self.durations.is_empty() {
            return Ok(());
        }
        Err(SinkError::Encode {
            what: "the last pictures".to_owned(),
            source: format!("{} frames were not encoded", self.durations.len()).into(),
        })
    }

    fn receive(&mut self, output: &mut Output) -> Result<(), SinkError> {
        loop {
            let mut packet = Packet::empty();
            match self.encoder.receive_packet(&mut packet) {
                Ok(()) => {}
                Err(error) if needs_input(error) => return Ok(()),
                Err(error) => return Err(encode_error("a picture")(error)),
            }
            let duration = packet.pts().and_then(|pts| self.durations.remove(&pts));
            let mut packet = match packet.data().and_then(nal::byte_stream_without_sei) {
                None => packet,
                Some(data) => {
                    let mut clean = Packet::copy(&data);
                    clean.set_pts(packet.pts());
                    clean.set_dts(packet.dts());
                    clean.set_flags(packet.flags());
                    clean
                }
            };
            packet.set_duration(duration.unwrap_or(1));
            write_packet(packet, self.stream, self.base, output)?;
        }
    }
}

/// Constraints on an encoder whose pictures stand between copied ones.
pub(super) struct SmartConstraints {
    /// Id of its parameter sets, which no copied picture uses.
    pub(super) sps_id: u32,
    /// Its profile, by libx264's name.
    pub(super) profile: &'static str,
    /// Frames of reordering.
    pub(super) reorder: usize,
    /// Size of the source's decoded picture buffer: where it changes, a decoder may discard
    /// pictures that it has not output yet (H.264, C.4.4).
    pub(super) dpb_pictures: u32,
}

impl SmartConstraints {
    fn apply(&self, preset: Preset, settings: &mut Dictionary<'_>) {
        let dpb = self.dpb_pictures.clamp(1, 16);
        // libx264 declares the lowest profile that its tools need, and quick presets use few tools.
        let tools = match self.profile {
            "high" => ":8x8dct=1",
            "main" => ":cabac=1",
            _ => "",
        };
        let early = if preset.predicts_from_later() {
            ""
        } else {
            ":b-adapt=0"
        };
        let own = format!("sps-id={}:dpb-size={dpb}{tools}{early}", self.sps_id);
        settings.set("x264-params", &own);
        settings.set("profile", self.profile);
        settings.set("refs", &dpb.min(preset.references()).to_string());
        // Declare the reordering of the copied pictures, whatever the preset: a player that reads
        // it once would show the others in the wrong order. One B-frame needs a buffer of two
        // pictures, a pyramid four.
        let (between, pyramid) = match self.reorder {
            2.. if dpb >= 4 => ("3", "normal"),
            1.. if dpb >= 2 => ("3", "none"),
            _ => ("0", "none"),
        };
        settings.set("bf", between);
        settings.set("b-pyramid", pyramid);
    }
}

/// Opens libx264 for pictures of `info`.
pub(super) fn open_encoder(
    info: &VideoInfo,
    options: &EncodeOptions,
    tags: &ffi::ColorTags,
    constraints: Option<&SmartConstraints>,
) -> Result<encoder::video::Encoder, SinkError> {
    let codec = find_encoder()?;
    let (rate_num, rate_den) = info.frame_rate.unwrap_or(RATE_GUESS);
    let mut context = codec::Context::new_with_codec(codec);
    context.set_threading(codec::threading::Config::count(options.threads));
    let mut encoder = context
        .encoder()
        .video()
        .map_err(encode_error("pictures"))?;
    encoder.set_width(info.size.width());
    encoder.set_height(info.size.height());
    encoder.set_format(Pixel::YUV420P);
    encoder.set_time_base(rational(info.time_base.num.get(), info.time_base.den.get()));
    encoder.set_frame_rate(Some(rational(rate_num, rate_den)));
    encoder.set_aspect_ratio(rational(info.pixel_aspect.0, info.pixel_aspect.1));
    encoder.set_gop((rate_num.div_ceil(rate_den).saturating_mul(KEY_SECONDS)).clamp(1, 600));
    // Setting flags drops the default of closed GOPs, so it is set here.
    encoder.set_flags(codec::Flags::GLOBAL_HEADER | codec::Flags::CLOSED_GOP);
    encoder.set_color_range(match info.range {
        ColorRange::Limited => color::Range::MPEG,
        ColorRange::Full => color::Range::JPEG,
    });
    ffi::set_color_tags(&mut encoder, tags);
    let mut settings = Dictionary::new();
    settings.set("preset", options.preset.name());
    let is_copying = constraints.is_some();
    if !options.preset.predicts_from_later() && (is_copying || !options.b_frames) {
        settings.set("bf", "0");
    }
    settings.set("crf", &options.crf.min(51).to_string());
    if let Some(frames) = options.scrub_frames {
        let every = frames.clamp(1, 600);
        let words = format!("keyint={every}:min-keyint={every}:scenecut=0:bframes=0");
        settings.set("x264-params", &words);
    }
    // Captions of the source would be passed through by default.
    settings.set("a53cc", "0");
    if let Some(constraints) = constraints {
        constraints.apply(options.preset, &mut settings);
    }
    encoder
        .open_as_with(codec, settings)
        .map_err(encode_error("pictures: libx264 refused its settings"))
}

/// A frame that is ready for the encoder.
pub(super) struct Shot {
    pub(super) frame: Video,
    pub(super) index: FrameIndex,
    pub(super) timestamp: Timestamp,
    duration_ticks: i64,
}

impl Shot {
    /// Uses the source's own frame if the picture has one, else copies the picture into a new
    /// frame.
    pub(super) fn new(item: Frame, expected: PixelSize) -> Result<Self, SinkError> {
        let size = item.picture.size();
        if size != expected {
            return Err(SinkError::Mismatch {
                what: format!("a picture of {size}, expected {expected}"),
            });
        }
        let mut frame = av_frame(item.picture.into_buffer(), size)?;
        // The encoder would adopt the source's picture types.
        frame.set_kind(picture::Type::None);
        // Full-range formats have another name; the range itself is set on the encoder.
        frame.set_format(Pixel::YUV420P);
        Ok(Self {
            frame,
            index: item.index,
            timestamp: item.timestamp,
            duration_ticks: item.duration_ticks.max(1),
        })
    }

    pub(super) const fn timestamp(&self) -> Timestamp {
        self.timestamp
    }
}

fn av_frame(buffer: Box<dyn PictureBuffer>, size: PixelSize) -> Result<Video, SinkError> {
    let any: &dyn std::any::Any = &*buffer;
    if !any.is::<AvPicture>() {
        return copied(&*buffer, size);
    }
    let own = buffer.into_any().downcast::<AvPicture>();
    Ok(own.expect("its type was checked").into_frame())
}

fn copied(buffer: &dyn PictureBuffer, size: PixelSize) -> Result<Video, SinkError> {
    let mut frame =
        ffi::new_frame(size.width(), size.height()).map_err(encode_error("a picture"))?;
    for kind in PlaneKind::ALL {
        let (width, height) = kind.extent(size);
        let (source, source_stride) = buffer.plane(kind);
        let (target, stride) = ffi::plane_mut(&mut frame, kind as usize, (width, height))
            .expect("a new frame is not shared");
        for (row, from) in target.chunks_mut(stride).zip(source.chunks(source_stride)) {
            row[..width].copy_from_slice(&from[..width]);
        }
    }
    Ok(frame)
}
