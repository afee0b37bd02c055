//! The calls into FFmpeg that `ffmpeg-next` has no safe wrapper for.
//!
//! All `unsafe` of the workspace is in this file. Every function here is safe to call: its
//! preconditions are in its types or are checked. Nothing here decides anything about a recording.

use std::ffi::{CStr, CString, c_char, c_int, c_void};
use std::path::Path;
use std::ptr;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use ffmpeg_next::format::context::{Input, Output};
use ffmpeg_next::software::scaling;
use ffmpeg_next::{Dictionary, Error, Stream, codec, ffi, frame};

/// A path as FFmpeg's `file:` URL, so that no name can be mistaken for another protocol.
fn file_address(path: &Path) -> Result<CString, Error> {
    let mut address = b"file:".to_vec();
    address.extend_from_slice(path.as_os_str().as_encoded_bytes());
    CString::new(address).map_err(|_| Error::InvalidData)
}

/// FFmpeg's description of an error, as a cause of ours.
///
/// The wrapper's own text is empty until a global table is filled, so it is not used.
pub(crate) fn cause(error: Error) -> redact_core::BoxError {
    if let Error::Other { errno } = error {
        return std::io::Error::from_raw_os_error(errno).into();
    }
    let mut text = [0; ffi::AV_ERROR_MAX_STRING_SIZE];
    // SAFETY: the buffer is as long as is said; FFmpeg terminates what it writes.
    let said = unsafe { ffi::av_strerror(c_int::from(error), text.as_mut_ptr(), text.len()) };
    if said < 0 {
        return format!("FFmpeg error {}", c_int::from(error)).into();
    }
    // SAFETY: terminated within the buffer, see above.
    unsafe { CStr::from_ptr(text.as_ptr()) }
        .to_string_lossy()
        .into_owned()
        .into()
}

/// Counts the errors that FFmpeg logs about one demuxer or decoder; some damage is reported in no
/// other way.
#[derive(Default)]
pub(crate) struct Complaints(Arc<AtomicU64>);

impl Complaints {
    /// Counts errors about `input` from now on; must be dropped after it.
    pub(crate) fn about_input(input: &mut Input) -> Self {
        let made = Self::default();
        // SAFETY: the context is open; the field is for its user alone, and nobody else sets it.
        unsafe { (*input.as_mut_ptr()).opaque = Arc::as_ptr(&made.0).cast_mut().cast() };
        made
    }

    /// The same for a decoder that is not open yet; its threads copy the field.
    pub(crate) fn about_decoder(context: &mut codec::Context) -> Self {
        let made = Self::default();
        // SAFETY: as in `about_input`.
        unsafe { (*context.as_mut_ptr()).opaque = Arc::as_ptr(&made.0).cast_mut().cast() };
        made
    }

    pub(crate) fn count(&self) -> u64 {
        self.0.load(Ordering::Acquire)
    }
}

/// Suppresses FFmpeg's own log, which may quote a recording; see [`Complaints`].
pub(crate) fn silence_log() {
    // SAFETY: the callback keeps to the signature and may be called by any thread at any time.
    unsafe { ffi::av_log_set_callback(Some(count_complaint)) };
}

/// Prefixes of log lines that FFmpeg's H.264 decoder calls errors in intact recordings: cameras
/// with unusual reference picture marking, and SEI that it does not support.
const HARMLESS: [&[u8]; 4] = [
    b"mmco:",
    b"number of reference",
    b"SEI type",
    b"co located POCs",
];

/// Counts a log line. `T` is the platform's list of arguments, which is not read.
///
/// # Safety
/// `context` is null or begins with a pointer to its class, and `format` is a terminated string:
/// FFmpeg's contract with its callback.
unsafe extern "C" fn count_complaint<T>(
    context: *mut c_void,
    level: c_int,
    format: *const c_char,
    _: T,
) {
    // SAFETY: see above; only a context whose class is that of demuxers or decoders is read as one,
    // and its user's field is null or what `Complaints` put there, which outlives the context.
    unsafe {
        let words = CStr::from_ptr(format).to_bytes();
        // Bits above the low byte may be a color. What hides errors is logged at a lower level.
        let is_error = (level & 0xff) <= ffi::AV_LOG_ERROR || words.starts_with(b"concealing ");
        if !is_error || HARMLESS.iter().any(|known| words.starts_with(known)) {
            return;
        }
        let Some(&class) = context.cast::<*const ffi::AVClass>().as_ref() else {
            return;
        };
        let user = if class == ffi::avcodec_get_class() {
            (*context.cast::<ffi::AVCodecContext>()).opaque
        } else if class == ffi::avformat_get_class() {
            (*context.cast::<ffi::AVFormatContext>()).opaque
        } else {
            return;
        };
        let count = user.cast::<AtomicU64>().as_ref();
        count.map(|count| count.fetch_add(1, Ordering::Release));
    }
}

/// Opens a local file with `options` of the demuxer; [`probe_streams`] is the next step.
pub(crate) fn open_input(path: &Path, options: Dictionary<'_>) -> Result<Input, Error> {
    let address = file_address(path)?;
    let mut context = ptr::null_mut();
    // SAFETY: `disown` hands over the dictionary, and `own` below takes back what FFmpeg leaves.
    let mut raw_options = unsafe { options.disown() };
    // SAFETY: `context` is null, so FFmpeg allocates it; the address is a terminated string that
    // outlives the call; on failure FFmpeg frees the context and leaves null.
    let opened = unsafe {
        ffi::avformat_open_input(
            &raw mut context,
            address.as_ptr(),
            ptr::null_mut(),
            &raw mut raw_options,
        )
    };
    // SAFETY: the dictionary was disowned above and belongs to nobody else.
    drop(unsafe { Dictionary::own(raw_options) });
    if opened < 0 {
        return Err(Error::from(opened));
    }
    // SAFETY: an opened context that this wrapper owns and closes from here on.
    Ok(unsafe { Input::wrap(context) })
}

/// Probes the streams of an opened file, decoding some of them in part; pictures of more than
/// `pixels_max` pixels are not decoded.
pub(crate) fn probe_streams(input: &mut Input, pixels_max: u64) -> Result<(), Error> {
    let most = CString::new(pixels_max.to_string()).map_err(|_| Error::InvalidData)?;
    let streams = input.streams().count();
    let mut options: Vec<*mut ffi::AVDictionary> = vec![ptr::null_mut(); streams];
    // SAFETY: each dictionary is null or made by the call, key and value are terminated strings
    // that it copies; the list is as long as the context has streams; all are freed afterwards,
    // which allows null.
    let probed = unsafe {
        for entry in &mut options {
            ffi::av_dict_set(entry, c"max_pixels".as_ptr(), most.as_ptr(), 0);
        }
        let list = if streams == 0 {
            ptr::null_mut()
        } else {
            options.as_mut_ptr()
        };
        let probed = ffi::avformat_find_stream_info(input.as_mut_ptr(), list);
        for entry in &mut options {
            ffi::av_dict_free(entry);
        }
        probed
    };
    checked(probed)
}

/// Makes a decoder that is not open yet refuse pictures of more than `pixels_max` pixels.
pub(crate) fn set_pixels_max(context: &mut codec::Context, pixels_max: u64) {
    // SAFETY: the context is alive; a plain value is written.
    unsafe { (*context.as_mut_ptr()).max_pixels = i64::try_from(pixels_max).unwrap_or(i64::MAX) };
}

/// Cropped columns and rows of a decoded picture: left, top, right, bottom.
pub(crate) fn cropping(picture: &frame::Video) -> [usize; 4] {
    // SAFETY: plain fields of a frame that is alive.
    unsafe {
        let picture = &*picture.as_ptr();
        [
            picture.crop_left,
            picture.crop_top,
            picture.crop_right,
            picture.crop_bottom,
        ]
    }
}

/// Makes a decoder return uncropped pictures and the quantizers of their blocks.
pub(crate) fn disable_cropping(context: &mut codec::Context) {
    // SAFETY: plain fields of a context that is not open yet.
    unsafe {
        let context = &mut *context.as_mut_ptr();
        context.apply_cropping = 0;
        context.export_side_data |= ffi::AV_CODEC_EXPORT_DATA_VIDEO_ENC_PARAMS;
    }
}

/// Sets whether an open decoder applies the cropping rectangle to the pictures that it returns.
///
/// The field is read when a picture is returned (FFmpeg, `libavcodec/decode.c`, `apply_cropping`),
/// on the thread that asks for it.
pub(crate) fn set_cropping(decoder: &mut codec::Context, is_applied: bool) {
    // SAFETY: the context is alive and borrowed exclusively; a plain value is written.
    unsafe { (*decoder.as_mut_ptr()).apply_cropping = c_int::from(is_applied) };
}

/// Applies the cropping rectangle to a picture, as an open decoder does (`libavcodec/decode.c`,
/// `apply_cropping`).
pub(crate) fn crop(picture: &mut frame::Video) -> Result<(), Error> {
    // SAFETY: the frame is alive and borrowed exclusively; only its own fields change.
    checked(unsafe { ffi::av_frame_apply_cropping(picture.as_mut_ptr(), 0) })
}

/// The error of a call that failed.
fn checked(code: c_int) -> Result<(), Error> {
    if code < 0 { Err(code.into()) } else { Ok(()) }
}

/// Creates the file at `path` and a muxer of `format` for it.
pub(crate) fn create_output(path: &Path, format: &CStr) -> Result<Output, Error> {
    let address = file_address(path)?;
    let mut context = ptr::null_mut();
    // SAFETY: both strings are terminated and outlive the call; on failure nothing is allocated.
    let allocated = unsafe {
        ffi::avformat_alloc_output_context2(
            &raw mut context,
            ptr::null(),
            format.as_ptr(),
            address.as_ptr(),
        )
    };
    if allocated < 0 {
        return Err(Error::from(allocated));
    }
    // SAFETY: an allocated context that this wrapper owns; closing a null `pb` is allowed.
    let output = unsafe { Output::wrap(context) };
    // SAFETY: `pb` of a new context is null and `avio_open` stores the file there.
    let opened = unsafe {
        ffi::avio_open(
            &raw mut (*context).pb,
            address.as_ptr(),
            ffi::AVIO_FLAG_WRITE,
        )
    };
    if opened < 0 {
        return Err(Error::from(opened));
    }
    Ok(output)
}

/// Flushes and closes the file of a muxer, and reports errors that dropping it would hide.
pub(crate) fn close_output(output: &mut Output) -> Result<(), Error> {
    // SAFETY: the context is alive; `avio_closep` sets `pb` to null, which dropping allows.
    let closed = unsafe { ffi::avio_closep(&raw mut (*output.as_mut_ptr()).pb) };
    checked(closed)
}

/// The I/O error of a demuxer's file, which the demuxer may report as the end.
pub(crate) fn input_error(input: &Input) -> Result<(), Error> {
    // SAFETY: the context is open; `pb` is checked before it is read.
    let error = unsafe {
        let io = (*input.as_ptr()).pb;
        if io.is_null() { 0 } else { (*io).error }
    };
    if error < 0 && error != ffi::AVERROR_EOF {
        return Err(Error::from(error));
    }
    Ok(())
}

/// Makes the demuxer drop the packets of stream `index`.
pub(crate) fn discard_stream(input: &mut Input, index: usize) {
    if let Some(mut stream) = input.stream_mut(index) {
        // SAFETY: the stream belongs to the open context that is borrowed mutably.
        unsafe { (*stream.as_mut_ptr()).discard = ffi::AVDiscard::AVDISCARD_ALL };
    }
}

/// A stream's codec tag, picture size and pixel aspect ratio, as the container declares them.
pub(crate) struct Coded {
    /// The container's code for the codec, as four bytes.
    pub(crate) tag: [u8; 4],
    /// Columns, 0 for other than pictures.
    pub(crate) width: i32,
    /// Rows, 0 for other than pictures.
    pub(crate) height: i32,
    /// Pixel width over height (0 when unknown).
    pub(crate) aspect: (i32, i32),
}

/// Reads [`Coded`] of a stream.
pub(crate) fn coded(stream: &Stream<'_>) -> Coded {
    // SAFETY: an open context's stream always has parameters.
    unsafe {
        let parameters = &*(*stream.as_ptr()).codecpar;
        let aspect = if (*stream.as_ptr()).sample_aspect_ratio.num > 0 {
            (*stream.as_ptr()).sample_aspect_ratio
        } else {
            parameters.sample_aspect_ratio
        };
        Coded {
            tag: parameters.codec_tag.to_le_bytes(),
            width: parameters.width,
            height: parameters.height,
            aspect: (aspect.num, aspect.den),
        }
    }
}

/// Keys of a dictionary; invalid UTF-8 is replaced.
///
/// # Safety
/// `dictionary` is null or a dictionary that lives through the call.
unsafe fn keys(dictionary: *const ffi::AVDictionary) -> Vec<String> {
    let mut found = Vec::new();
    let mut entry: *mut ffi::AVDictionaryEntry = ptr::null_mut();
    loop {
        // SAFETY: the dictionary is alive, and the previous entry is null or of this dictionary.
        entry = unsafe {
            ffi::av_dict_get(
                dictionary,
                c"".as_ptr(),
                entry,
                ffi::AV_DICT_IGNORE_SUFFIX as c_int,
            )
        };
        if entry.is_null() {
            return found;
        }
        // SAFETY: an entry's key is a terminated string.
        let key = unsafe { CStr::from_ptr((*entry).key) };
        found.push(key.to_string_lossy().into_owned());
    }
}

/// Keys of all tags of the container, its streams and its chapters, sorted, each once.
pub(crate) fn tag_keys(input: &Input) -> Vec<String> {
    let mut found;
    // SAFETY: the context is open; FFmpeg keeps `nb_streams` and `nb_chapters` valid pointers in
    // these arrays, each with a dictionary or null.
    unsafe {
        let context = &*input.as_ptr();
        found = keys(context.metadata);
        for i in 0..context.nb_streams as usize {
            found.extend(keys((**context.streams.add(i)).metadata));
        }
        for i in 0..context.nb_chapters as usize {
            found.extend(keys((**context.chapters.add(i)).metadata));
        }
    }
    found.sort_unstable();
    found.dedup();
    found
}

/// A frame's plane in memory; `None` unless its rows are top-down and it is at least as large as
/// requested.
fn plane_of(frame: &frame::Video, index: usize, width: usize, height: usize) -> Option<PlaneAt> {
    // SAFETY: a wrapped frame is never null; these fields are plain values.
    let (data, line) = unsafe {
        let raw = &*frame.as_ptr();
        (raw.data[index], raw.linesize[index])
    };
    let stride = usize::try_from(line).ok()?;
    let fits = !data.is_null() && stride >= width && width > 0 && height > 0;
    fits.then_some(PlaneAt {
        data,
        stride,
        bytes: stride * (height - 1) + width,
    })
}

struct PlaneAt {
    data: *mut u8,
    stride: usize,
    bytes: usize,
}

/// One plane of an 8-bit planar frame to read: its samples and stride.
///
/// `width` and `height` are the samples of that plane; `None` when its rows are bottom-up or it is
/// missing.
pub(crate) fn plane(
    frame: &frame::Video,
    index: usize,
    (width, height): (usize, usize),
) -> Option<(&[u8], usize)> {
    if !planar_420_covers(frame, index, width, height) {
        return None;
    }
    let at = plane_of(frame, index, width, height)?;
    // SAFETY: a frame of this format and size holds that many rows of `stride` bytes, and the
    // last one at least `width` bytes; the borrow keeps the frame alive and unwritten.
    Some((
        unsafe { std::slice::from_raw_parts(at.data, at.bytes) },
        at.stride,
    ))
}

/// The same to write to; `None` also when the buffer is shared: see [`make_writable`].
pub(crate) fn plane_mut(
    frame: &mut frame::Video,
    index: usize,
    (width, height): (usize, usize),
) -> Option<(&mut [u8], usize)> {
    // SAFETY: the frame is alive; the call only reads reference counts.
    let writable = unsafe { ffi::av_frame_is_writable(frame.as_mut_ptr()) } > 0;
    if !writable || !planar_420_covers(frame, index, width, height) {
        return None;
    }
    let at = plane_of(frame, index, width, height)?;
    // SAFETY: as in `plane`; nobody else refers to the buffer, and the borrow is exclusive.
    Some((
        unsafe { std::slice::from_raw_parts_mut(at.data, at.bytes) },
        at.stride,
    ))
}

fn planar_420_covers(frame: &frame::Video, index: usize, width: usize, height: usize) -> bool {
    use ffmpeg_next::format::Pixel;
    let (columns, rows) = (frame.width() as usize, frame.height() as usize);
    let (columns, rows) = match index {
        0 => (columns, rows),
        1 | 2 => (columns.div_ceil(2), rows.div_ceil(2)),
        _ => return false,
    };
    matches!(frame.format(), Pixel::YUV420P | Pixel::YUVJ420P) && width <= columns && height <= rows
}

/// Copies a frame's samples into its own buffer unless it is already the only owner.
pub(crate) fn make_writable(frame: &mut frame::Video) -> Result<(), Error> {
    // SAFETY: the frame is alive and borrowed exclusively.
    let made = unsafe { ffi::av_frame_make_writable(frame.as_mut_ptr()) };
    checked(made)
}

/// A new reference to a frame's buffers. Writing to either requires [`make_writable`], which then
/// copies.
pub(crate) fn share(frame: &frame::Video) -> Result<frame::Video, Error> {
    let mut shared = frame::Video::empty();
    // SAFETY: both frames are alive, and the new one is empty.
    let made = unsafe { ffi::av_frame_ref(shared.as_mut_ptr(), frame.as_ptr()) };
    if made < 0 {
        Err(Error::from(made))
    } else {
        Ok(shared)
    }
}

/// Allocates an 8-bit 4:2:0 frame with a buffer.
pub(crate) fn new_frame(width: u32, height: u32) -> Result<frame::Video, Error> {
    let frame = frame::Video::new(ffmpeg_next::format::Pixel::YUV420P, width, height);
    // SAFETY: the frame is alive; a failed allocation leaves no buffer.
    let empty = unsafe { frame.is_empty() };
    if empty {
        Err(Error::from(ffi::AVERROR(ffi::ENOMEM)))
    } else {
        Ok(frame)
    }
}

/// Copies color tags and pixel aspect ratio from another frame.
pub(crate) fn copy_tags(target: &mut frame::Video, source: &frame::Video) {
    // SAFETY: both frames are alive; plain values are copied between their fields.
    unsafe {
        let (target, source) = (&mut *target.as_mut_ptr(), &*source.as_ptr());
        target.color_range = source.color_range;
        target.color_primaries = source.color_primaries;
        target.color_trc = source.color_trc;
        target.colorspace = source.colorspace;
        target.chroma_location = source.chroma_location;
        target.sample_aspect_ratio = source.sample_aspect_ratio;
    }
}

/// Removes everything except the picture from a frame: captions, positions, encoder texts.
pub(crate) fn strip_side_data(frame: &mut frame::Video) {
    // SAFETY: the frame is alive and borrowed exclusively; the first entry is read only while
    // there is one, and each turn removes at least that one; the dictionary is freed and nulled.
    unsafe {
        let raw = frame.as_mut_ptr();
        for _ in 0..(*raw).nb_side_data {
            if (*raw).nb_side_data == 0 {
                break;
            }
            let kind = (**(*raw).side_data).type_;
            ffi::av_frame_remove_side_data(raw, kind);
        }
        ffi::av_dict_free(&raw mut (*raw).metadata);
    }
}

/// Makes a scaler preserve the range: full stays full, limited stays limited.
pub(crate) fn preserve_range(scaler: &mut scaling::Context, full: bool) {
    let range = c_int::from(full);
    let unchanged = 1 << 16;
    // SAFETY: the scaler is alive; the coefficient tables are constants of FFmpeg. A refusal
    // leaves the scaler's defaults, which are the same for formats without a range.
    unsafe {
        let table = ffi::sws_getCoefficients(ffi::SWS_CS_DEFAULT as c_int);
        ffi::sws_setColorspaceDetails(
            scaler.as_mut_ptr(),
            table,
            range,
            table,
            range,
            0,
            unchanged,
            unchanged,
        );
    }
}

/// Versions of the FFmpeg libraries in use, `major.minor.micro`: codecs, containers, scaler.
pub(crate) fn library_versions() -> [u32; 4] {
    // SAFETY: these take nothing and return constants.
    unsafe {
        [
            ffi::avcodec_version(),
            ffi::avformat_version(),
            ffi::swscale_version(),
            ffi::avutil_version(),
        ]
    }
}

/// A scaler that moves between threads with its owner.
pub(crate) struct SendScaler(pub(crate) scaling::Context);

// SAFETY: the context holds no thread-local state; it is used through `&mut` only, so by one
// thread at a time.
unsafe impl Send for SendScaler {}

/// The first `bytes` bytes of a plane of a decoded sound frame.
///
/// `None` when the frame has no such plane or is shorter than its own header says.
pub(crate) fn sound_plane(frame: &frame::Audio, index: usize, bytes: usize) -> Option<&[u8]> {
    if index >= frame.planes() {
        return None;
    }
    // SAFETY: `planes` counts the pointers in `extended_data`; all planes of sound have the
    // length in `linesize[0]`, which is checked to be enough; the borrow keeps the frame alive.
    unsafe {
        let raw = &*frame.as_ptr();
        let data = *raw.extended_data.add(index);
        let line = usize::try_from(raw.linesize[0]).ok()?;
        let per_plane = frame.samples() * frame.format().bytes();
        let held = if frame.is_packed() {
            per_plane * usize::from(frame.channels())
        } else {
            per_plane
        };
        let enough = !data.is_null() && bytes <= held && held <= line;
        enough.then(|| std::slice::from_raw_parts(data, bytes))
    }
}

/// The planes of a new sound frame to write to; empty when the buffer is missing.
pub(crate) fn sound_plane_mut(frame: &mut frame::Audio, index: usize) -> &mut [u8] {
    let held = frame.samples()
        * frame.format().bytes()
        * if frame.is_packed() {
            usize::from(frame.channels())
        } else {
            1
        };
    // SAFETY: as in `sound_plane`; the reference counts say that nobody else has the buffer.
    unsafe {
        let raw = frame.as_mut_ptr();
        let fits = index < frame.planes()
            && usize::try_from((*raw).linesize[0]).is_ok_and(|line| held <= line)
            && ffi::av_frame_is_writable(raw) > 0;
        if !fits {
            return &mut [];
        }
        std::slice::from_raw_parts_mut(*(*raw).extended_data.add(index), held)
    }
}

/// Most bytes of a decoder configuration; a hostile header may claim more.
const EXTRADATA_MAX: usize = 1 << 16;

/// # Safety
/// `data` is null or holds `size` bytes.
unsafe fn bytes_of(data: *const u8, size: c_int) -> Vec<u8> {
    let size = usize::try_from(size).unwrap_or(0).min(EXTRADATA_MAX);
    if data.is_null() || size == 0 {
        return Vec::new();
    }
    // SAFETY: not null, and at least `size` bytes, as the caller says.
    unsafe { std::slice::from_raw_parts(data, size) }.to_vec()
}

/// The decoder configuration in the container.
pub(crate) fn extradata(stream: &Stream<'_>) -> Vec<u8> {
    // SAFETY: an open context's stream always has parameters, and they own their extradata.
    unsafe {
        let parameters = &*(*stream.as_ptr()).codecpar;
        bytes_of(parameters.extradata, parameters.extradata_size)
    }
}

/// The configuration of an opened encoder.
pub(crate) fn encoder_extradata(encoder: &codec::Context) -> Vec<u8> {
    // SAFETY: the context is alive and owns its extradata.
    unsafe {
        let raw = &*encoder.as_ptr();
        bytes_of(raw.extradata, raw.extradata_size)
    }
}

/// Whether the demuxer flags a packet as decoded but not shown.
pub(crate) fn is_discarded(packet: &codec::packet::Packet) -> bool {
    use codec::packet::Ref as _;
    // SAFETY: the packet is alive; a plain value is read.
    unsafe { (*packet.as_ptr()).flags & ffi::AV_PKT_FLAG_DISCARD != 0 }
}

/// Color tags of a picture, as FFmpeg's constants.
#[derive(Clone, Copy, Debug)]
pub(crate) struct ColorTags {
    pub(crate) primaries: ffi::AVColorPrimaries,
    pub(crate) transfer: ffi::AVColorTransferCharacteristic,
    pub(crate) space: ffi::AVColorSpace,
    chroma: ffi::AVChromaLocation,
}

/// Reads [`ColorTags`] of a frame.
pub(crate) fn color_tags(frame: &frame::Video) -> ColorTags {
    // SAFETY: the frame is alive; plain values are read.
    let raw = unsafe { &*frame.as_ptr() };
    ColorTags {
        primaries: raw.color_primaries,
        transfer: raw.color_trc,
        space: raw.colorspace,
        chroma: raw.chroma_location,
    }
}

/// Sets the color tags of an encoder that is not open yet.
pub(crate) fn set_color_tags(encoder: &mut codec::Context, tags: &ColorTags) {
    // SAFETY: the context is alive; plain values are written.
    unsafe {
        let raw = &mut *encoder.as_mut_ptr();
        raw.color_primaries = tags.primaries;
        raw.color_trc = tags.transfer;
        raw.colorspace = tags.space;
        raw.chroma_sample_location = tags.chroma;
    }
}

/// Replaces the decoder configuration of stream `index`, before the header is written.
pub(crate) fn set_extradata(output: &mut Output, index: usize, config: &[u8]) -> Result<(), Error> {
    let size = c_int::try_from(config.len()).map_err(|_| Error::InvalidData)?;
    let mut stream = output.stream_mut(index).ok_or(Error::StreamNotFound)?;
    // SAFETY: the stream belongs to the muxer that is borrowed mutably and has parameters. The new
    // extradata come from FFmpeg's own allocator with the padding that it asks for, are filled to
    // their length and owned by the parameters from then on; the old ones are freed first.
    unsafe {
        let parameters = &mut *(*stream.as_mut_ptr()).codecpar;
        let padded = config.len() + ffi::AV_INPUT_BUFFER_PADDING_SIZE as usize;
        let copy = ffi::av_mallocz(padded).cast::<u8>();
        if copy.is_null() {
            return Err(Error::from(ffi::AVERROR(ffi::ENOMEM)));
        }
        ptr::copy_nonoverlapping(config.as_ptr(), copy, config.len());
        ffi::av_free(parameters.extradata.cast());
        parameters.extradata = copy;
        parameters.extradata_size = size;
    }
    Ok(())
}
