//! The verbs that make a release.

use std::path::PathBuf;

use clap::builder::PossibleValue;
use clap::{Args, ValueEnum};
use redact_core::Class;
use redact_media::Preset;
use redact_release::options::{CaptionsChoice, EncodingOptions, Reencode};
use redact_release::render::RequestOptions;

use super::excerpt::ExcerptArgs;
use super::on_queue::OnQueueArgs;
use super::shared::{BasisArgs, InputArgs, ModelArgs, SpeechArgs, parse_class};
use super::words::Words;

/// How the pictures of a release are encoded.
#[derive(Clone, Debug, Args)]
pub(crate) struct EncodingArgs {
    /// Encoder preset: slower presets make smaller files
    #[arg(long, value_enum, default_value_t = PresetArg(Preset::Veryfast))]
    pub preset: PresetArg,

    /// Constant rate factor, 0 (best) to 35; 18 is visually lossless (default: 18, or 20 for
    /// recordings with a low bit rate, or 21 for HEVC, AV1 and VP9, whose releases would otherwise
    /// be several times as large as the recording). With masks, at most 22 is used. The coarser the
    /// pictures, the more often a mask fails its audit, and no release is written: choose a lower
    /// number then
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u8).range(0..=35))]
    pub crf: Option<u8>,

    /// Which parts are re-encoded; the others are copied bit for bit
    #[arg(long, value_enum, default_value_t = ReencodeArg::Touched)]
    pub reencode: ReencodeArg,
}

/// How a release is encoded and signed.
#[derive(Clone, Debug, Args)]
pub(crate) struct ReleaseArgs {
    /// How pictures are encoded.
    #[command(flatten)]
    pub encoding: EncodingArgs,

    /// Do not use the segment cache: reuse no encoded pictures, and store none for the next render
    #[arg(long)]
    pub no_cache: bool,

    /// Secret signing key (default: the one that `redact key new` made)
    #[arg(long, value_name = "FILE")]
    pub key: Option<PathBuf>,

    /// Agency that releases the recording, for the manifest
    #[arg(long, value_name = "NAME")]
    pub agency: Option<String>,

    /// Number of the request or case, for the manifest
    #[arg(long, value_name = "NUMBER")]
    pub request: Option<String>,

    /// Name of the requester, for the sealed manifest only
    #[arg(long, value_name = "NAME")]
    pub requester: Option<String>,

    /// Details of the request and the recording: agency, dates, delivery and more (TOML; see
    /// policies/README.md)
    #[arg(long, value_name = "FILE")]
    pub request_file: Option<PathBuf>,

    /// Run the detectors on the finished file, also where the policy does not ask for it; what they
    /// find stops the release
    #[arg(long)]
    pub second_look: bool,

    /// Accept what the second look finds: a person reviewed it, and it need not be hidden
    #[arg(long)]
    pub accept_seen: bool,

    /// Write captions beside the release (NAME.vtt), without the words that are muted (default:
    /// where the plan has a transcript and a person approved it)
    #[arg(long, conflicts_with = "no_captions")]
    pub captions: bool,

    /// Do not write captions
    #[arg(long)]
    pub no_captions: bool,

    /// Replace a release of the same name
    #[arg(long)]
    pub force: bool,
}

impl ReleaseArgs {
    /// Adds them for another process.
    pub(crate) fn add_to(&self, words: Words) -> Words {
        words
            .choice("preset", &self.encoding.preset)
            .number("crf", self.encoding.crf)
            .choice("reencode", &self.encoding.reencode)
            .flag("no-cache", self.no_cache)
            .option("key", self.key.as_ref())
            .option("agency", self.agency.as_ref())
            .option("request", self.request.as_ref())
            .option("requester", self.requester.as_ref())
            .option("request-file", self.request_file.as_ref())
            .flag("second-look", self.second_look)
            .flag("accept-seen", self.accept_seen)
            .flag("captions", self.captions)
            .flag("no-captions", self.no_captions)
            .flag("force", self.force)
    }
}

impl From<&EncodingArgs> for EncodingOptions {
    fn from(args: &EncodingArgs) -> Self {
        Self {
            preset: args.preset.0,
            crf: args.crf,
            reencode: match args.reencode {
                ReencodeArg::Touched => Reencode::Touched,
                ReencodeArg::All => Reencode::All,
            },
        }
    }
}

impl From<&ReleaseArgs> for CaptionsChoice {
    fn from(args: &ReleaseArgs) -> Self {
        match (args.captions, args.no_captions) {
            (true, _) => Self::Always,
            (false, true) => Self::Never,
            (false, false) => Self::IfReviewed,
        }
    }
}

impl From<&ReleaseArgs> for RequestOptions {
    fn from(args: &ReleaseArgs) -> Self {
        Self {
            file: args.request_file.clone(),
            agency: args.agency.clone(),
            request: args.request.clone(),
            requester: args.requester.clone(),
        }
    }
}

/// Which parts of a release are re-encoded.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum ReencodeArg {
    /// Only what a mask or a mute touches, if copying the rest is proved safe; otherwise everything
    Touched,
    /// Everything
    All,
}

/// A speed preset, under x264's name.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct PresetArg(pub Preset);

impl ValueEnum for PresetArg {
    fn value_variants<'a>() -> &'a [Self] {
        const ALL: [PresetArg; 7] = [
            PresetArg(Preset::Ultrafast),
            PresetArg(Preset::Superfast),
            PresetArg(Preset::Veryfast),
            PresetArg(Preset::Faster),
            PresetArg(Preset::Fast),
            PresetArg(Preset::Medium),
            PresetArg(Preset::Slow),
        ];
        &ALL
    }

    fn to_possible_value(&self) -> Option<PossibleValue> {
        Some(PossibleValue::new(self.0.name()))
    }
}

/// `redact render`.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  redact render clip.mp4 clip.plan.json
  redact render clip.mp4 clip.plan.json -o out/release-17.mp4 --crf 20
  redact render clip.mp4 clip.plan.json --no-captions
  redact render clip.mp4 clip.plan.json --chunks work/render    after `redact chunks render` and
                                                                `redact worker`
  redact render clip.mp4 clip.plan.json --from 00:12:30 --to 00:15:00
  redact render clip.mp4 clip.plan.json --from 2:00 --to 3:10 --from 7:45 --to 9:00 \\
    --rest-reason privacy-face --by 'Ada Okafor'

An excerpt has no frame and no sound from outside of its spans. The manifest and the redaction log
say which part of the recording it shows, what is withheld and why.")]
pub(crate) struct RenderArgs {
    /// The recording
    pub clip: PathBuf,

    /// The approved plan
    pub plan: PathBuf,

    /// What of the recording is released.
    #[command(flatten)]
    pub excerpt: ExcerptArgs,

    /// Use the segments that workers encoded for the chunk plan in this folder, from `redact chunks
    /// render`, after checking them like all others; the chunk plan sets the encoding options
    #[arg(
        long, value_name = "DIR",
        conflicts_with_all = ["preset", "crf", "reencode", "from", "to", "queue"]
    )]
    pub chunks: Option<PathBuf>,

    /// Whether workers of a queue encode.
    #[command(flatten)]
    pub on_queue: OnQueueArgs,

    /// What the plan was made from.
    #[command(flatten)]
    pub basis: BasisArgs,

    /// Refuse a plan that was made with any other policy
    #[arg(long, value_name = "FILE")]
    pub policy: Option<PathBuf>,

    /// Manifest of the release that this one replaces
    #[arg(long, value_name = "MANIFEST")]
    pub supersedes: Option<PathBuf>,

    /// Where to write the release (default: CLIP with .redacted.mp4)
    #[arg(long, short, value_name = "FILE")]
    pub output: Option<PathBuf>,

    /// Where models are, for a second look.
    #[command(flatten)]
    pub models: ModelArgs,

    /// How to encode and sign.
    #[command(flatten)]
    pub release: ReleaseArgs,
}

/// Who takes responsibility for what a policy decides alone, and for classes without a detector.
#[derive(Debug, Args)]
pub(crate) struct AnswerArgs {
    /// Who takes responsibility (default: the policy itself, by name)
    #[arg(long, value_name = "NAME")]
    pub by: Option<String>,

    /// Accept that no detector ran for this class (face, plate or screen; may be repeated)
    #[arg(long, value_name = "CLASS", value_parser = parse_class)]
    pub accept_missing: Vec<Class>,

    /// Where the policy mutes personal data and there is no transcript, mute all speech
    #[arg(long)]
    pub accept_untranscribed: bool,
}

impl AnswerArgs {
    /// Adds them for another process.
    pub(crate) fn add_to(&self, words: Words) -> Words {
        let words = words
            .option("by", self.by.as_ref())
            .flag("accept-untranscribed", self.accept_untranscribed);
        let accepted = self.accept_missing.iter();
        accepted.fold(words, |words, class| {
            words.option("accept-missing", Some(class.name()))
        })
    }
}

/// `redact run`.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  redact run clip.mp4 --policy policies/public-release.toml
  redact run clip.mp4 --policy policies/court.toml --out-dir case-17 --by 'Ada Okafor'")]
pub(crate) struct RunArgs {
    /// The recording
    pub clip: PathBuf,

    /// The written policy that decides
    #[arg(long, value_name = "FILE")]
    pub policy: PathBuf,

    /// Manifest of the release that this one replaces
    #[arg(long, value_name = "MANIFEST")]
    pub supersedes: Option<PathBuf>,

    /// Whether workers of a queue scan and encode.
    #[command(flatten)]
    pub on_queue: OnQueueArgs,

    /// Who takes responsibility for the decisions.
    #[command(flatten)]
    pub answer: AnswerArgs,

    /// Folder for all output files (default: the recording's folder)
    #[arg(long, value_name = "DIR")]
    pub out_dir: Option<PathBuf>,

    /// Base name of the output files, without an extension (default: the recording's)
    #[arg(long, value_name = "NAME", value_parser = parse_name)]
    pub name: Option<String>,

    /// How speech is transcribed, where the policy needs to know what is said.
    #[command(flatten)]
    pub speech: SpeechArgs,

    /// How the recording is read.
    #[command(flatten)]
    pub input: InputArgs,

    /// Where models are.
    #[command(flatten)]
    pub models: ModelArgs,

    /// How to encode and sign.
    #[command(flatten)]
    pub release: ReleaseArgs,
}

fn parse_name(name: &str) -> Result<String, String> {
    let is_plain = !name.is_empty() && !name.contains(['/', '\0']) && ![".", ".."].contains(&name);
    let expected = || "expected the name of a file, without a folder".to_owned();
    is_plain.then(|| name.to_owned()).ok_or_else(expected)
}
