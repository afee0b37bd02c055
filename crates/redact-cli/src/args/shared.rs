//! Arguments that several verbs take.

use std::path::PathBuf;

use clap::builder::PossibleValue;
use clap::{Args, ValueEnum};
use redact_core::{Class, SourceSettings};
use redact_media::Damaged;
use redact_release::approve::Basis;
use redact_release::options::{InputOptions, Profile, TranscriptOptions};

use super::words::Words;

/// Where models and the runtime are.
#[derive(Clone, Debug, Args)]
pub(crate) struct ModelArgs {
    /// Folder with model cards and weights (default: $REDACT_MODELS, or `models` near the program)
    #[arg(long, value_name = "DIR")]
    pub models: Option<PathBuf>,

    /// Which detectors run, at which size and how often
    #[arg(long, value_enum, default_value_t = ProfileArg(Profile::Standard))]
    pub profile: ProfileArg,
}

impl ModelArgs {
    /// Adds them for another process.
    pub(crate) fn add_to(&self, words: Words) -> Words {
        words
            .option("models", self.models.as_ref())
            .choice("profile", &self.profile)
    }
}

/// A profile, as it is typed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct ProfileArg(pub Profile);

impl ValueEnum for ProfileArg {
    fn value_variants<'a>() -> &'a [Self] {
        const ALL: [ProfileArg; 3] = [
            ProfileArg(Profile::Fast),
            ProfileArg(Profile::Standard),
            ProfileArg(Profile::Thorough),
        ];
        &ALL
    }

    /// The help text follows from the table of detectors.
    fn to_possible_value(&self) -> Option<PossibleValue> {
        Some(PossibleValue::new(self.0.name()).help(self.0.summary()))
    }
}

/// How speech is transcribed.
#[derive(Clone, Debug, Args)]
pub(crate) struct SpeechArgs {
    /// Language of the speech, as in en, es or de; speech in another one counts as not understood.
    /// Personal data is found in English only
    #[arg(long, value_name = "LANG", default_value = "en", value_parser = parse_language)]
    pub language: String,

    /// Do not transcribe the speech
    #[arg(long)]
    pub no_transcript: bool,
}

impl SpeechArgs {
    /// How speech is transcribed, if it is.
    pub(crate) fn options(&self) -> Option<TranscriptOptions> {
        let language = self.language.clone();
        (!self.no_transcript).then_some(TranscriptOptions { language })
    }

    /// Adds them for another process.
    pub(crate) fn add_to(&self, words: Words) -> Words {
        words
            .option("language", Some(&self.language))
            .flag("no-transcript", self.no_transcript)
    }
}

pub(super) fn parse_language(text: &str) -> Result<String, String> {
    let text = text.to_ascii_lowercase();
    let is_code = (2..=3).contains(&text.len()) && text.bytes().all(|b| b.is_ascii_lowercase());
    let expected = || "expected a language code of two or three letters, as in en".to_owned();
    is_code.then_some(text).ok_or_else(expected)
}

/// How a recording is read.
#[derive(Clone, Debug, Args)]
pub(crate) struct InputArgs {
    /// What to do where the recording is damaged
    #[arg(long, value_enum, default_value_t = DamagedArg::Stop)]
    pub damaged: DamagedArg,

    /// Release a recording without sound when none of its sound tracks can be decoded
    #[arg(long)]
    pub accept_lost_sound: bool,

    /// Video stream to release, by its index in the file; `redact scan` lists them (default: the
    /// one marked as default, else the largest)
    #[arg(long, value_name = "INDEX")]
    pub video_stream: Option<u32>,

    /// Turn the picture clockwise by this many degrees, for a camera that was mounted sideways
    #[arg(long, value_name = "DEGREES", value_parser = ["90", "180", "270"])]
    pub turn: Option<String>,

    /// Frames per second of a bare video stream (.264, .265, .hevc, .m2v), which stores no times:
    /// 25, 29.97 or 30000/1001 (default: the stream's own rate, else 25)
    #[arg(long, value_name = "N", value_parser = parse_rate)]
    pub frame_rate: Option<(u32, u32)>,
}

impl InputArgs {
    /// Adds them for another process.
    pub(crate) fn add_to(&self, words: Words) -> Words {
        let rate = self.frame_rate.map(|(num, den)| format!("{num}/{den}"));
        words
            .choice("damaged", &self.damaged)
            .flag("accept-lost-sound", self.accept_lost_sound)
            .number("video-stream", self.video_stream)
            .option("turn", self.turn.as_ref())
            .option("frame-rate", rate)
    }
}

impl From<&InputArgs> for InputOptions {
    fn from(args: &InputArgs) -> Self {
        let turn = args.turn.as_deref();
        Self {
            damaged: match args.damaged {
                DamagedArg::Stop => Damaged::Stop,
                DamagedArg::Mask => Damaged::Mask,
            },
            accept_lost_sound: args.accept_lost_sound,
            settings: SourceSettings {
                video_stream: args.video_stream,
                turn_degrees: turn.and_then(|turn| turn.parse().ok()).unwrap_or(0),
                frame_rate: args.frame_rate,
            },
        }
    }
}

/// Reads `25`, `29.97` or `30000/1001`, at least 1/10 and at most 1000 frames per second. The usual
/// short forms of television rates mean the exact rates.
fn parse_rate(text: &str) -> Result<(u32, u32), String> {
    let expected = || "expected frames per second, as in 25, 29.97 or 30000/1001".to_owned();
    let thousands = |text: &str| -> Option<u32> {
        let (whole, part) = text.split_once('.').unwrap_or((text, ""));
        let digits = part.len() <= 3 && part.bytes().all(|byte| byte.is_ascii_digit());
        let part = format!("{part:0<3}")
            .parse::<u32>()
            .ok()
            .filter(|_| digits)?;
        whole
            .parse::<u32>()
            .ok()?
            .checked_mul(1000)?
            .checked_add(part)
    };
    let (num, den) = match (text, text.split_once('/')) {
        ("23.976" | "23.98", _) => (24_000, 1001),
        ("29.97", _) => (30_000, 1001),
        ("59.94", _) => (60_000, 1001),
        (_, Some((num, den))) => {
            let part = |text: &str| text.parse().map_err(|_| expected());
            (part(num)?, part(den)?)
        }
        (_, None) => match thousands(text).ok_or_else(expected)? {
            whole if whole % 1000 == 0 => (whole / 1000, 1),
            other => (other, 1000),
        },
    };
    let (wide, most) = (u64::from(num), u64::from(den) * 1000);
    let within = den > 0 && wide * 10 >= u64::from(den) && wide <= most && num < 1 << 24;
    within.then_some((num, den)).ok_or_else(expected)
}

/// What is done where a recording is damaged.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum DamagedArg {
    /// Stop, and report the second at which the damage starts
    Stop,
    /// Hide the whole picture and silence the sound while the damage lasts, and list it in the
    /// manifest
    Mask,
}

/// The findings that a plan was made from.
#[derive(Clone, Debug, Default, Args)]
pub(crate) struct BasisArgs {
    /// The findings that the plan was made from (default: .findings.json beside the plan)
    #[arg(long, value_name = "FILE")]
    pub findings: Option<PathBuf>,

    /// Proceed without the findings because they are lost. What the plan leaves out can then not be
    /// checked; the manifest, the redaction log and the event log record the reason
    #[arg(long, value_name = "REASON", conflicts_with = "findings")]
    pub without_findings: Option<String>,
}

impl From<&BasisArgs> for Basis {
    fn from(args: &BasisArgs) -> Self {
        Self {
            findings: args.findings.clone(),
            without_findings: args.without_findings.clone(),
        }
    }
}

pub(super) fn parse_class(name: &str) -> Result<Class, String> {
    let class = Class::from_name(name).filter(|class| Class::IDENTIFYING.contains(class));
    class.ok_or_else(|| "expected face, plate or screen".to_owned())
}

#[cfg(test)]
mod tests {
    #[test]
    fn frame_rates_are_read_as_people_write_them() {
        let read = |text| super::parse_rate(text).ok();
        assert_eq!(read("25"), Some((25, 1)));
        assert_eq!(read("25."), Some((25, 1)));
        assert_eq!(read("12.5"), Some((12_500, 1000)));
        assert_eq!(read("29.97"), Some((30_000, 1001)));
        assert_eq!(read("30000/1001"), Some((30_000, 1001)));
        for wrong in [
            "", "0", "-1", "1/0", "x", "0/1", "1e3", "2000", "1/100", "1.2345",
        ] {
            assert_eq!(read(wrong), None, "{wrong}");
        }
    }
}
