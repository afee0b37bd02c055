//! What the page knows of this crate's types: `web/src/api/generated.ts`, written from them.

use ts_rs::{Config, TS};

use crate::domain::approval::{Approval, ReviewState};
use crate::domain::chain::ReleaseLink;
use crate::domain::clocks::Unit;
use crate::domain::differences::{Differences, TrackDifference};
use crate::domain::document::{
    All, ClassName, Decision, Document, Drawn, Effect, FoundPart, KeptSpeech, Mute, Part, PathPart,
    SoundTracks, Style, Track,
};
use crate::domain::policy::{AudioRule, ClassRule, Policy, PolicyHead, ReasonText, VerdictName};
use crate::domain::release_files::FileKind;
use crate::domain::stage::Stage;
use crate::domain::summary::{
    AgainstPolicy, ClassCount, KeptSpeechShown, LeftOut, Problem, ReasonCount, Rejected, Summary,
};
use crate::domain::verdict::{Check, CheckStatus, Verdict};
use crate::http::accounts::{DeskState, Me};
use crate::http::audits::Audit;
use crate::http::clocks::ClockShown;
use crate::http::events::{Chain, EventEntry};
use crate::http::grants::Notice;
use crate::http::invites::{Enrolment, Invite};
use crate::http::jobs::{Job, JobError};
use crate::http::rechecks::{CopyOut, Fault, Recheck, RecheckedRelease};
use crate::http::recordings::{Found, FoundTrack, Recording, RecordingState};
use crate::http::releases::{CopiedFile, Copy, Release, ReleaseFile};
use crate::http::requests::{Assignee, FullRequest, Request};
use crate::http::reviews::{Review, ReviewHead, Revision, SavedShown};
use crate::http::stream::ChangeShown;
use crate::http::uploads::Upload;
use crate::http::users::{Invited, Pending, Person, User};
use crate::http::views::ViewShown;
use crate::http::watch_folder::WatchedFile;
use crate::id::Id;
use crate::model::{
    GrantAction, JobKind, JobState, Medium, Purpose, ReleaseState, RequesterKind, Role,
};
use crate::task::{Followed, Stop, Stopped, ToAccept};

/// Where the page has them.
const FILE: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/web/src/api/generated.ts");

const HEAD: &str = "\
// What the server says, written from its own types by `src/typescript.rs` of this crate: change them
// there. What `types.ts` adds is what the server passes on without a type of its own.
import type { Media, Risk } from './types';
";

fn generated() -> String {
    let config = Config::new().with_large_int("number");
    let mut text = HEAD.to_owned();
    macro_rules! declare {
        ($($named:ty),+ $(,)?) => {
            $(text.push_str(&format!("\nexport {}\n", <$named>::decl(&config)));)+
        };
    }
    declare!(
        Id,
        Role,
        GrantAction,
        RequesterKind,
        Purpose,
        JobKind,
        JobState,
        ReleaseState,
        Medium,
        DeskState,
        Me,
        Invite,
        Enrolment,
        Pending,
        User,
        Person,
        Invited,
        Notice,
        Unit,
        ClockShown,
        VerdictName,
        ClassName,
        Effect,
        Style,
        ClassRule,
        AudioRule,
        ReasonText,
        PolicyHead,
        Policy,
        Stage,
        Assignee,
        Request,
        FullRequest,
        Upload,
        WatchedFile,
        RecordingState,
        Recording,
        FoundTrack,
        Found,
        Stop,
        Stopped,
        Followed,
        ViewShown,
        FoundPart,
        PathPart,
        Part,
        Decision,
        Track,
        Drawn,
        All,
        SoundTracks,
        Mute,
        KeptSpeech,
        Document,
        Approval,
        ReviewState,
        ReviewHead,
        Review,
        Revision,
        SavedShown,
        Problem,
        ClassCount,
        ReasonCount,
        KeptSpeechShown,
        LeftOut,
        Rejected,
        AgainstPolicy,
        Summary,
        TrackDifference,
        Differences,
        ToAccept,
        JobError,
        Job,
        FileKind,
        ReleaseFile,
        CheckStatus,
        Check,
        Verdict,
        ReleaseLink,
        Release,
        CopiedFile,
        Copy,
        CopyOut,
        Fault,
        RecheckedRelease,
        Recheck,
        Audit,
        EventEntry,
        Chain,
        ChangeShown,
    );
    text
}

/// Goal: the page's types are the server's; a change of one without the other fails here.
#[test]
fn the_types_of_the_page_are_those_of_the_server() {
    let wanted = generated();
    if std::env::var_os("REDACT_WRITE_TYPES").is_some() {
        std::fs::write(FILE, &wanted).unwrap();
    }
    let found = std::fs::read_to_string(FILE).unwrap_or_default();
    assert!(
        found == wanted,
        "web/src/api/generated.ts is stale: write it anew with REDACT_WRITE_TYPES=1"
    );
}
