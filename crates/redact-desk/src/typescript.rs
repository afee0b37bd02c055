//! The page's types: `web/src/api/generated.ts`, generated from those of this crate.

use ts_rs::{Config, TS};

use crate::db::policy_versions::PolicyVersionState;
use crate::details::{RecordingDetails, RequestDetails};
use crate::domain::approval::{Approval, ReviewState};
use crate::domain::chain::ReleaseLink;
use crate::domain::comment::Comment;
use crate::domain::differences::{Differences, TrackDifference, WordDifference};
use crate::domain::disposal::{BackupNamed, GoneFile, StaysElsewhere};
use crate::domain::document::{
    All, ClassName, Decision, Document, Drawn, Effect, FoundPart, KeptSpeech, Mute, Part, PathPart,
    SoundTracks, Style, Track,
};
use crate::domain::excerpt::{Excerpt, ExcerptSpan};
use crate::domain::history::FieldChange;
use crate::domain::intake_csv::ImportField;
use crate::domain::law::Law;
use crate::domain::left_out::LeftOut;
use crate::domain::named::NamedElsewhere;
use crate::domain::older_copies::OlderCopy;
use crate::domain::policy::{
    AudioRule, ClassRule, PersonalReason, Policy, PolicyHead, PurposeName, ReasonText, SpeechMute,
    VerdictName,
};
use crate::domain::problems::Problem;
use crate::domain::queue::QueueCounts;
use crate::domain::reason_changes::ReasonProposal;
use crate::domain::release_files::FileKind;
use crate::domain::score::{AudibleItem, NeedlessMask, RejectedTrack, Score, VisibleObject};
use crate::domain::shape::Shape;
use crate::domain::sheet::SheetItem;
use crate::domain::spoken::{
    CheckedItem, ItemKind, PersonalClassName, SpokenSummary, UnclearCauseName, WordEdit,
};
use crate::domain::stage::Stage;
use crate::domain::statistics::{DispositionCount, ItemCount, PeriodFigures, Statistics, Workload};
use crate::domain::statutes::{
    Charge, Days, Deadline, DeadlineKind, Extension, Fee, FeeRules, Money, Retention, RetentionEnd,
    RetentionState, Span, Tolling, TollingEffect,
};
use crate::domain::summary::{
    AgainstPolicy, ClassCount, KeptCovered, KeptSpeechInfo, ReasonCount, Rejected, Summary,
};
use crate::domain::transmittals::ProfileInfo;
use crate::domain::verdict::{Check, CheckStatus, Verdict};
use crate::http::absences::{Absence, Absences};
use crate::http::access::{
    AccessEntry, AccessFigures, AccessReport, AccessedRecording, PersonAccess, RecordingAccess,
};
use crate::http::accounts::{DeskState, Me};
use crate::http::audits::Audit;
use crate::http::clocks::{AddedTime, ClockInfo, DueInfo, Milestone, PauseInfo, StatuteInfo};
use crate::http::comments::ReasonChoices;
use crate::http::disposals::{Disposal, DisposedRecording};
use crate::http::events::{Chain, EventEntry};
use crate::http::fees::{FeeEstimate, MeasuredTime, RequestFees, TimeEntry};
use crate::http::grants::Notice;
use crate::http::health::{FailedJob, Health, KeyStates};
use crate::http::holds::Hold;
use crate::http::imports::ImportPreview;
use crate::http::inbox::{InboxItem, InboxKind};
use crate::http::invites::{Enrollment, Invite};
use crate::http::invoices::{Invoice, InvoiceLine, Payment, Voided};
use crate::http::jobs::{Job, JobError};
use crate::http::letters::{
    LetterChoice, LetterSend, MadePaper, PaperPreview, RequestLetter, RequestLetters,
};
use crate::http::mail::{MailChoice, MailState, WaitingMail};
use crate::http::manual::{
    Manual, ManualBlock, ManualChapter, ManualEdition, ManualLink, ManualText,
};
use crate::http::misuse::AccessFlag;
use crate::http::office::Office;
use crate::http::packages::{ExhibitInfo, Package, PackageCopy};
use crate::http::passkeys::{Passkey, PasskeyOptions};
use crate::http::policy_versions::{PolicyText, PolicyVersion};
use crate::http::practice::Practice;
use crate::http::provider::ProviderSignIn;
use crate::http::queue::QueuePage;
use crate::http::queue_views::QueueView;
use crate::http::rechecks::{CopyOut, Fault, Recheck, RecheckedRelease};
use crate::http::recordings::{Found, FoundTrack, Recording, RecordingState};
use crate::http::releases::{CopiedFile, Copy, Release, ReleaseFile};
use crate::http::reports::SignedExport;
use crate::http::requests::{Assignee, ExpectedRecording, FullRequest, HistoryEntry, Request};
use crate::http::retention::{
    AskedToStay, DisposalObstacle, RequestRetention, RetainedRecording, RetentionCounts,
    RetentionList, RetentionRule,
};
use crate::http::reviews::{PolicyMute, Review, ReviewHead, Revision, SaveResult};
use crate::http::same_files::{SameRecording, SameReview};
use crate::http::sealings::{CopyAtLarge, Sealing};
use crate::http::search::{SearchHit, SearchKind, SearchResults};
use crate::http::second_factor::RecoveryCodes;
use crate::http::settings::{AgencySetting, AgencySettings, SettingChange, SettingChoice};
use crate::http::statistics::PeriodStatistics;
use crate::http::stream::ChangeMessage;
use crate::http::templates::RequestTemplate;
use crate::http::thread::{RequestNote, RequestTask, RequestThread};
use crate::http::transcripts::{PersonalInfo, TranscriptInfo, UnclearInfo, VoiceInfo};
use crate::http::uploads::Upload;
use crate::http::users::{FormerName, Invited, Pending, Person, User};
use crate::http::verifier::Verifier;
use crate::http::views::ViewInfo;
use crate::http::watch_folder::{RefusedFile, RequestWatch, WatchedFile};
use crate::id::Id;
use crate::machines::{Machine, MachineJob, MachineList};
use crate::model::papers::{
    AccessKind, AccessOutcome, AccessRule, InvoiceBasis, LetterKind, SentBy,
};
use crate::model::{
    Category, CommentKind, DisposalState, Disposition, EncryptionKind, GrantAction, JobKind,
    JobState, MailKind, Medium, PackageForm, PackageState, Purpose, ReleaseState, RequesterKind,
    Role, SealingKind, Unit, WaitingFor, Work,
};
use crate::read_options::ReadOptions;
use crate::service::due::{DueBasis, DueRule};
use crate::service::health::{DataSize, DiskRoom, JobCounts, ModelFile};
use crate::service::imports::ImportLine;
use crate::service::presence::PresentPerson;
use crate::service::retention::CountedFrom;
use crate::service::templates::TemplateValues;
use crate::task::{Followed, Remedy, Stop, Stopped};

/// The generated file.
const FILE: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/web/src/api/generated.ts");

/// The head of the file.
const HEAD: &str = "\
// Types of the API, generated from the server's own by `src/typescript.rs` of this crate: change
// them there. `types.ts` adds what the server passes on without a type of its own.
import type { Media, Risk } from './types';
";

/// Declares one type.
type Declare = fn(&Config) -> String;

/// All types of the page, in the order of the file.
const TYPES: &[Declare] = &[
    Id::decl,
    Role::decl,
    GrantAction::decl,
    RequesterKind::decl,
    Purpose::decl,
    JobKind::decl,
    JobState::decl,
    ReleaseState::decl,
    Medium::decl,
    PackageState::decl,
    PackageForm::decl,
    EncryptionKind::decl,
    DeskState::decl,
    Me::decl,
    Invite::decl,
    Enrollment::decl,
    RecoveryCodes::decl,
    Passkey::decl,
    PasskeyOptions::decl,
    ProviderSignIn::decl,
    Pending::decl,
    FormerName::decl,
    User::decl,
    Absence::decl,
    Absences::decl,
    Person::decl,
    MailKind::decl,
    MailChoice::decl,
    WaitingMail::decl,
    MailState::decl,
    Invited::decl,
    Notice::decl,
    Unit::decl,
    Money::decl,
    Charge::decl,
    ItemCount::decl,
    PeriodFigures::decl,
    DispositionCount::decl,
    Workload::decl,
    Statistics::decl,
    PeriodStatistics::decl,
    Fee::decl,
    Work::decl,
    TimeEntry::decl,
    MeasuredTime::decl,
    FeeEstimate::decl,
    RequestFees::decl,
    Span::decl,
    Category::decl,
    RetentionEnd::decl,
    RetentionState::decl,
    Retention::decl,
    CountedFrom::decl,
    SealingKind::decl,
    DisposalState::decl,
    RetentionRule::decl,
    AskedToStay::decl,
    RetainedRecording::decl,
    DisposalObstacle::decl,
    RetentionCounts::decl,
    RetentionList::decl,
    Hold::decl,
    CopyAtLarge::decl,
    StaysElsewhere::decl,
    Sealing::decl,
    GoneFile::decl,
    BackupNamed::decl,
    Disposal::decl,
    DisposedRecording::decl,
    RequestRetention::decl,
    FeeRules::decl,
    TollingEffect::decl,
    WaitingFor::decl,
    Tolling::decl,
    Extension::decl,
    DeadlineKind::decl,
    Days::decl,
    Deadline::decl,
    StatuteInfo::decl,
    DueBasis::decl,
    Milestone::decl,
    PauseInfo::decl,
    AddedTime::decl,
    ClockInfo::decl,
    DueRule::decl,
    Disposition::decl,
    Office::decl,
    DueInfo::decl,
    InboxKind::decl,
    InboxItem::decl,
    VerdictName::decl,
    ClassName::decl,
    Effect::decl,
    Style::decl,
    ClassRule::decl,
    PersonalClassName::decl,
    SpeechMute::decl,
    PersonalReason::decl,
    AudioRule::decl,
    PurposeName::decl,
    ReasonText::decl,
    Law::decl,
    PolicyHead::decl,
    Policy::decl,
    Stage::decl,
    Assignee::decl,
    RequestDetails::decl,
    RecordingDetails::decl,
    Request::decl,
    QueueCounts::decl,
    QueuePage::decl,
    QueueView::decl,
    SearchKind::decl,
    SearchHit::decl,
    SearchResults::decl,
    RequestNote::decl,
    RequestTask::decl,
    RequestThread::decl,
    TemplateValues::decl,
    RequestTemplate::decl,
    PolicyVersionState::decl,
    PolicyVersion::decl,
    PolicyText::decl,
    AgencySetting::decl,
    SettingChoice::decl,
    SettingChange::decl,
    AgencySettings::decl,
    DiskRoom::decl,
    DataSize::decl,
    JobCounts::decl,
    FailedJob::decl,
    KeyStates::decl,
    ModelFile::decl,
    Health::decl,
    ImportField::decl,
    ImportLine::decl,
    ImportPreview::decl,
    ExpectedRecording::decl,
    FieldChange::decl,
    HistoryEntry::decl,
    FullRequest::decl,
    Upload::decl,
    WatchedFile::decl,
    RefusedFile::decl,
    RequestWatch::decl,
    RecordingState::decl,
    ReadOptions::decl,
    NamedElsewhere::decl,
    SameReview::decl,
    SameRecording::decl,
    Recording::decl,
    FoundTrack::decl,
    Found::decl,
    Stop::decl,
    Stopped::decl,
    Followed::decl,
    ViewInfo::decl,
    FoundPart::decl,
    PathPart::decl,
    Part::decl,
    Decision::decl,
    Track::decl,
    Shape::decl,
    Drawn::decl,
    All::decl,
    SoundTracks::decl,
    Mute::decl,
    KeptSpeech::decl,
    WordEdit::decl,
    ItemKind::decl,
    CheckedItem::decl,
    Document::decl,
    Approval::decl,
    ReviewState::decl,
    CommentKind::decl,
    Comment::decl,
    ReviewHead::decl,
    PolicyMute::decl,
    Review::decl,
    UnclearCauseName::decl,
    UnclearInfo::decl,
    PersonalInfo::decl,
    VoiceInfo::decl,
    TranscriptInfo::decl,
    Revision::decl,
    SaveResult::decl,
    Problem::decl,
    ReasonProposal::decl,
    ReasonChoices::decl,
    SheetItem::decl,
    ClassCount::decl,
    ReasonCount::decl,
    KeptSpeechInfo::decl,
    LeftOut::decl,
    Rejected::decl,
    AgainstPolicy::decl,
    KeptCovered::decl,
    SpokenSummary::decl,
    Summary::decl,
    TrackDifference::decl,
    WordDifference::decl,
    Differences::decl,
    Remedy::decl,
    JobError::decl,
    Job::decl,
    Machine::decl,
    MachineJob::decl,
    MachineList::decl,
    FileKind::decl,
    ReleaseFile::decl,
    CheckStatus::decl,
    Check::decl,
    Verdict::decl,
    ExcerptSpan::decl,
    Excerpt::decl,
    ReleaseLink::decl,
    Release::decl,
    CopiedFile::decl,
    Copy::decl,
    OlderCopy::decl,
    ProfileInfo::decl,
    ExhibitInfo::decl,
    PackageCopy::decl,
    Package::decl,
    Verifier::decl,
    CopyOut::decl,
    Fault::decl,
    RecheckedRelease::decl,
    Recheck::decl,
    Audit::decl,
    EventEntry::decl,
    SignedExport::decl,
    Chain::decl,
    ManualLink::decl,
    ManualText::decl,
    ManualBlock::decl,
    ManualChapter::decl,
    ManualEdition::decl,
    Manual::decl,
    LetterKind::decl,
    SentBy::decl,
    LetterChoice::decl,
    LetterSend::decl,
    RequestLetter::decl,
    RequestLetters::decl,
    PaperPreview::decl,
    MadePaper::decl,
    InvoiceBasis::decl,
    InvoiceLine::decl,
    Voided::decl,
    Payment::decl,
    Invoice::decl,
    AccessKind::decl,
    AccessedRecording::decl,
    AccessFigures::decl,
    RecordingAccess::decl,
    PersonAccess::decl,
    AccessEntry::decl,
    AccessReport::decl,
    AccessRule::decl,
    AccessOutcome::decl,
    AccessFlag::decl,
    Practice::decl,
    VisibleObject::decl,
    AudibleItem::decl,
    NeedlessMask::decl,
    RejectedTrack::decl,
    Score::decl,
    PresentPerson::decl,
    ChangeMessage::decl,
];

fn generated() -> String {
    let config = Config::new().with_large_int("number");
    let declared = TYPES
        .iter()
        .map(|declare| format!("\nexport {}\n", declare(&config)));
    std::iter::once(HEAD.to_owned()).chain(declared).collect()
}

/// Goal: the page's types match the server's; a change of only one fails here.
#[test]
fn the_types_of_the_page_are_those_of_the_server() {
    let wanted = generated();
    if std::env::var_os("REDACT_WRITE_TYPES").is_some() {
        std::fs::write(FILE, &wanted).unwrap();
    }
    let found = std::fs::read_to_string(FILE).unwrap_or_default();
    assert!(
        found == wanted,
        "web/src/api/generated.ts is stale: regenerate it with REDACT_WRITE_TYPES=1"
    );
}
