//! Captions of a release, and the transcript that is made of them.

use redact_record::captions::{parse, transcript_text};
use redact_record::digest_bytes;
use redact_record::manifest::PublicManifest;

use redact_core::error::with_causes;

use crate::Verdict;

/// The group of the checks.
const GROUP: &str = "captions";

/// Checks the captions of a release: they are those that the manifest names, and have no word that
/// is muted. `found` is the file beside the release, if there is one. Nothing is added for a
/// release without captions.
pub fn check(verdict: &mut Verdict, public: &PublicManifest, found: Option<&[u8]>) {
    let (digest_name, name) = ("SHA-256", "no word is muted");
    let named = public.captions.as_ref().map(|file| &file.0);
    let Some(bytes) = found else {
        if named.is_some() {
            let why = "the captions that the manifest names were not given";
            verdict.open(GROUP, digest_name, why);
            verdict.open(GROUP, name, why);
        }
        return;
    };
    let digest = digest_bytes(bytes);
    verdict.digests.push((GROUP, digest));
    let Some(named) = named else {
        let evidence = "the manifest names no captions: the file is not part of the release";
        return verdict.add(GROUP, digest_name, false, evidence.to_owned());
    };
    let length = bytes.len() as u64;
    let is_same = digest == named.sha256.0 && length == named.bytes;
    let evidence = match is_same {
        true => format!("{digest}, {length} bytes"),
        false => format!(
            "found {digest} ({length} bytes), expected {} ({} bytes)",
            named.sha256.0, named.bytes
        ),
    };
    verdict.add(GROUP, digest_name, is_same, evidence);
    // Whoever signs can name any file: what it tells is checked in any case.
    let read = public.read_captions(bytes);
    let evidence = match &read {
        Ok(captions) => {
            let (words, mutes) = (captions.words(), public.mutes.len());
            format!("{words} words, each with its times; {mutes} mutes")
        }
        Err(error) => with_causes(error),
    };
    verdict.add(GROUP, name, read.is_ok(), evidence);
}

/// Checks that `transcript` has the words of `captions` and nothing else. There is no transcript
/// without captions.
pub fn check_transcript(verdict: &mut Verdict, transcript: &[u8], captions: Option<&[u8]>) {
    let (group, name) = ("transcript", "as in the captions");
    let expected = captions.map(|bytes| parse(bytes).map(|read| transcript_text(&read)));
    let (passed, evidence) = match expected {
        None => (
            false,
            "there are no captions that it could be made of".to_owned(),
        ),
        Some(Err(error)) => (false, format!("the captions are invalid: {error}")),
        Some(Ok(text)) if text.as_bytes() == transcript => {
            (true, format!("the same words, {} bytes", transcript.len()))
        }
        Some(Ok(_)) => (false, "it differs from the text of the captions".to_owned()),
    };
    verdict.add(group, name, passed, evidence);
}
