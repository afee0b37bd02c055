// Types of the API, generated from the server's own by `src/typescript.rs` of this crate: change
// them there. `types.ts` adds what the server passes on without a type of its own.
import type { Media, Risk } from './types';

export type Id = string;

export type Role = "operator" | "approver" | "auditor" | "administrator";

export type GrantAction = "invite" | "change" | "reset" | "remove" | "rename" | "link";

export type RequesterKind = "public" | "press" | "data_subject" | "attorney" | "court" | "agency" | "other";

export type Purpose = "recording" | "audit";

export type JobKind = "prepare" | "scan" | "thumbnails" | "follow" | "preview" | "clip" | "render" | "verify" | "audit" | "package";

export type JobState = "queued" | "running" | "done" | "failed" | "cancelled" | "interrupted";

export type ReleaseState = "rendering" | "verifying" | "ready" | "wrong" | "failed";

export type Medium = "download" | "disc" | "drive" | "portal" | "mail" | "other";

export type PackageState = "making" | "ready" | "failed";

export type PackageForm = "zip" | "iso";

export type EncryptionKind = "none" | "passphrase" | "recipients";

export type State = { version: string, signed_in: boolean, needs_setup: boolean, tls: boolean, 
/**
 * Whether passkeys can be used under the name that the page was opened by.
 */
passkeys: boolean, 
/**
 * What people call the identity provider, if there is one.
 */
provider: string | null, 
/**
 * Whether a mail server is configured.
 */
mail: boolean, };

export type Me = { id: Id, login: string, name: string, role: Role, idle_seconds: number, ends_at: string, 
/**
 * Recovery codes that were not used.
 */
recovery_codes: number, };

export type Invite = { login: string | null, name: string | null, role: Role, expires_at: string, };

export type Enrollment = { secret: string, uri: string, qr_svg: string, };

export type RecoveryCodes = { codes: Array<string>, };

export type Passkey = { id: Id, name: string, 
/**
 * The host name that it works for.
 */
host: string, created_at: string, last_used_at: string | null, };

export type PasskeyOptions = { options: unknown, };

export type ProviderSignIn = { url: string, };

export type Pending = { action: GrantAction, role: Role, by: string, by_id: Id, at: string, };

export type FormerName = { name: string, 
/**
 * When it changed.
 */
until: string, };

export type User = { id: Id, login: string, name: string, 
/**
 * Oldest first.
 */
former_names: Array<FormerName>, role: Role, active: boolean, enrolled: boolean, 
/**
 * The account of the identity provider that signs in as this user.
 */
provider_account: string | null, locked_until: string | null, last_seen_at: string | null, 
/**
 * Now or next.
 */
absence: Absence | null, 
/**
 * A change that needs a second administrator.
 */
pending: Pending | null, };

export type Absence = { user: Id, name: string, stand_in: Id, stand_in_name: string, from: string, until: string, };

export type Absences = { 
/**
 * The user's own, now or next.
 */
own: Absence | null, 
/**
 * Those in which the user stands in today.
 */
standing_in: Array<Absence>, };

export type Person = { id: Id, name: string, role: Role, 
/**
 * Today's absence, if any.
 */
absence: Absence | null, };

export type MailKind = "invitation" | "assigned" | "due" | "approval" | "ready" | "test";

export type MailChoice = { 
/**
 * Whether a mail server is configured.
 */
available: boolean, address: string, kinds: Array<MailKind>, };

export type WaitingMail = { id: Id, kind: MailKind, 
/**
 * The name of the person.
 */
to: string, made_at: string, attempts: number, 
/**
 * When it is tried next; `null`: it was given up.
 */
next_at: string | null, 
/**
 * What the server answered.
 */
error: string | null, };

export type MailState = { 
/**
 * The mail server; `null`: none is configured.
 */
server: string | null, last_sent_at: string | null, waiting: Array<WaitingMail>, };

export type Invited = { user: User, link: string, 
/**
 * Whether the link is sent by mail.
 */
mailed: boolean, };

export type Notice = { id: Id, action: GrantAction, role: Role, by: string, about: string, 
/**
 * The name before, if the change is another name.
 */
formerly: string | null, at: string, };

export type Unit = "days" | "working_days";

export type Money = string;

export type Charge = "copies" | "search" | "review" | "redaction";

export type ItemCount = { 
/**
 * A class, `drawn` or `speech`.
 */
class: string, statute: string, count: number, };

export type PeriodFigures = { 
/**
 * `2026-09`; empty for the sum.
 */
month: string, received: number, 
/**
 * Of the received ones.
 */
answered: number, on_time: number, 
/**
 * Answered after the due date, or open beyond it.
 */
late: number, open: number, 
/**
 * From receipt to answer; of an even number, the mean of the middle two.
 */
median_days: number | null, recordings: number, seconds_in: number, releases: number, seconds_out: number, muted_seconds: number, };

export type DispositionCount = { 
/**
 * `None`: closed by an earlier version, or handed over and not closed.
 */
disposition: Disposition | null, count: number, };

export type Workload = { 
/**
 * Empty: nobody.
 */
name: string, 
/**
 * Requests received in the period that are assigned to the person.
 */
open: number, overdue: number, answered: number, 
/**
 * Time entered for days of the period.
 */
minutes: number, };

export type Statistics = { months: Array<PeriodFigures>, total: PeriodFigures, 
/**
 * Of answered requests.
 */
dispositions: Array<DispositionCount>, items: Array<ItemCount>, people: Array<Workload>, };

export type PeriodStatistics = { from: string, to: string, months: Array<PeriodFigures>, total: PeriodFigures, 
/**
 * Of answered requests.
 */
dispositions: Array<DispositionCount>, items: Array<ItemCount>, people: Array<Workload>, };

export type Fee = { 
/**
 * Minutes of staff time beyond the free ones.
 */
charged_minutes: number, 
/**
 * Dollars an hour, after the law's limit.
 */
rate: Money, staff: Money, recordings: Money, video: Money, 
/**
 * The least of the law's limits, if the parts add up to more.
 */
limited_to: Money | null, total: Money, exempt: boolean, };

export type Work = "search" | "review" | "redaction" | "other";

export type TimeEntry = { id: Id, name: string, day: string, work: Work, minutes: number, note: string, };

export type MeasuredTime = { name: string, minutes: number, };

export type FeeEstimate = { at: string, by: string, rate: Money, search_minutes: number, review_minutes: number, redaction_minutes: number, total: Money, };

export type RequestFees = { 
/**
 * What the law lets an agency charge; `null`: no rules are known.
 */
rules: FeeRules | null, recordings: number, video_seconds: number, 
/**
 * Minutes that the decisions are expected to take; `null` until all recordings are scanned.
 */
expected_minutes: number | null, 
/**
 * Oldest first.
 */
entries: Array<TimeEntry>, measured: Array<MeasuredTime>, 
/**
 * Newest first.
 */
estimates: Array<FeeEstimate>, 
/**
 * The hourly rate of the office's newest estimate.
 */
rate: Money | null, 
/**
 * The fee for the time that was entered, at the rate of the newest estimate of this request.
 */
bill: Fee | null, 
/**
 * By how many percent the bill differs from the newest estimate.
 */
difference_percent: number | null, 
/**
 * The percent that a difference may have, or reach, before it needs an explanation.
 */
difference_max: number, 
/**
 * Whether the bill is farther above the estimate than it may be.
 */
difference_beyond: boolean, };

export type Span = { "days": number } | { "months": number } | { "years": number };

export type Category = "not_evidence" | "evidence" | "force" | "arrest" | "complaint" | "death" | "requested" | "other";

export type RetentionEnd = "date" | "decision" | "never";

export type RetentionState = "overdue" | "must_go" | "may_go" | "decide" | "no_category" | "stays" | "never";

export type Retention = { category: Category, at_least: Span | null, at_most: Span | null, 
/**
 * Whether it extends what else applies, from the day of the request.
 */
adds: boolean, ends: RetentionEnd, 
/**
 * Whether an agency may not go below the number: `false` for a best practice.
 */
binding: boolean, 
/**
 * The citation as a letter prints it.
 */
statute: string, 
/**
 * What the law asks for, in a sentence or two.
 */
text: string, 
/**
 * Address of the official text.
 */
source: string, 
/**
 * The day on which somebody last compared the rule with the law; `None`: nobody did.
 */
checked: string | null, };

export type CountedFrom = "person" | "file" | "added";

export type SealingKind = "sealing" | "expungement";

export type DisposalState = "proposed" | "refused" | "removing" | "done";

export type RetentionRule = { statute: string, text: string, source: string, };

export type AskedToStay = { asked_on: string, 
/**
 * `null`: for as long as the law allows.
 */
days: number | null, person: string, note: string, by: string, };

export type RetainedRecording = { recording: Id, name: string, request: Id, request_number: string, request_closed: boolean, 
/**
 * The title of the law.
 */
law: string, 
/**
 * The title of the law of its request, where an earlier, stricter one binds the recording. A
 * new category takes it.
 */
law_of_request: string | null, category: Category | null, counted_from: string, basis: CountedFrom, 
/**
 * The last day on which it must be there.
 */
until: string | null, 
/**
 * The last day on which it may be there.
 */
gone_by: string | null, state: RetentionState, 
/**
 * Whether the agency may not go below `until`.
 */
binding: boolean, 
/**
 * Whether `until` is the agency's own decision, of which the law says nothing.
 */
by_agency: boolean, 
/**
 * Whether the law says for how long a recording stays that somebody asked to stay.
 */
law_on_request: boolean, rules: Array<RetentionRule>, asked: Array<AskedToStay>, held: boolean, sealed: boolean, disposal: Id | null, disposal_state: DisposalState | null, 
/**
 * Empty if its disposal can be proposed.
 */
obstacles: Array<DisposalObstacle>, };

export type DisposalObstacle = { message: string, hint: string | null, };

export type RetentionCounts = { all: number, overdue: number, must_go: number, may_go: number, decide: number, no_category: number, stays: number, never: number, held: number, sealed: number, proposed: number, };

export type RetentionList = { counts: RetentionCounts, 
/**
 * How many match; `recordings` has the first 500 of them, what is most urgent first.
 */
found: number, recordings: Array<RetainedRecording>, };

export type Hold = { id: Id, request: Id, 
/**
 * `null`: of the whole request.
 */
recording: Id | null, 
/**
 * The case or matter.
 */
matter: string, 
/**
 * The court, office or person that asked for it.
 */
authority: string, reason: string, at: string, by: string, released_at: string | null, released_by: string | null, release_reason: string, };

export type CopyAtLarge = { copy: Id, release: Id, title: string, package: Id | null, at: string, by: string, to: string, medium: Medium, told_at: string | null, told_by: string | null, told_note: string, };

export type StaysElsewhere = { recording: string, request_number: string, };

export type Sealing = { id: Id, kind: SealingKind, court: string, number: string, dated: string, at: string, by: string, 
/**
 * Names of the people who may still see it.
 */
people: Array<string>, 
/**
 * Whether the user is one of them.
 */
named: boolean, 
/**
 * `null` for people whom the order does not name.
 */
request: Id | null, 
/**
 * `null`: the whole request, or the order does not name the user.
 */
recording: Id | null, note: string, 
/**
 * Copies that are out; empty for people whom the order does not name.
 */
out: Array<CopyAtLarge>, 
/**
 * Other recordings of the same file, which the order does not close.
 */
same_file_in: Array<StaysElsewhere>, lifted_at: string | null, lifted_by: string | null, lift_court: string, lift_number: string, lift_dated: string, };

export type GoneFile = { 
/**
 * Its place in the data folder.
 */
path: string, bytes: number, sha256: string, };

export type BackupNamed = { 
/**
 * RFC 3339.
 */
at: string, path: string, manifest_sha256: string, };

export type Disposal = { id: Id, recording: Id, 
/**
 * Empty for people to whom an order closes the recording.
 */
recording_name: string, recording_sha256: string | null, request: Id, request_number: string, state: DisposalState, 
/**
 * Releases that go, too.
 */
releases: Array<Id>, 
/**
 * The title of the law.
 */
law: string, category: Category, counted_from: string, until: string | null, statute: string, reason: string, at: string, by: string, 
/**
 * Whether the user proposed it: another person has to confirm it.
 */
own: boolean, decided_at: string | null, decided_by: string | null, decision: string, done_at: string | null, 
/**
 * What there was; empty until it is gone.
 */
files: Array<GoneFile>, files_compared: number, 
/**
 * The store of a queue that may still have parts of it.
 */
queue_store: string | null, same_file_stays_in: Array<StaysElsewhere>, backups_with_it: Array<BackupNamed>, };

export type DisposedRecording = { disposal: Id, 
/**
 * `null` while its files are being removed.
 */
done_at: string | null, by: string, confirmed_by: string | null, };

export type RequestRetention = { recordings: Array<RetainedRecording>, 
/**
 * Newest first.
 */
holds: Array<Hold>, sealings: Array<Sealing>, disposals: Array<Disposal>, };

export type FeeRules = { charges: Array<Charge>, 
/**
 * Minutes of staff time that are free.
 */
free_minutes: number, 
/**
 * Dollars an hour of staff time at most; `None`: the actual wage.
 */
staff_rate_max: Money | null, per_video_hour_max: Money | null, request_max: Money | null, per_recording: Money | null, 
/**
 * For each full minute.
 */
per_video_minute: Money | null, 
/**
 * A written estimate is required above this amount.
 */
estimate_over: Money | null, 
/**
 * Prepayment or a deposit may be asked above this amount.
 */
prepay_over: Money | null, 
/**
 * When the estimate is due, from the day of receipt.
 */
estimate_within: Days | null, 
/**
 * By how much the bill may exceed the estimate.
 */
tolerance_percent: number | null, 
/**
 * Whether exactly that much is too much already: "20 percent or more".
 */
tolerance_includes: boolean, 
/**
 * Requesters who pay nothing for redaction.
 */
exempt: Array<RequesterKind>, 
/**
 * The citation as a letter prints it.
 */
statute: string, 
/**
 * What the law asks for, in a sentence or two.
 */
text: string, 
/**
 * Address of the official text.
 */
source: string, 
/**
 * The day on which somebody last compared the rule with the law; `None`: nobody did.
 */
checked: string | null, };

export type TollingEffect = "stops" | "restarts" | "none";

export type WaitingFor = "clarification" | "payment";

export type Tolling = { waiting_for: WaitingFor, effect: TollingEffect, 
/**
 * The citation as a letter prints it.
 */
statute: string, 
/**
 * What the law asks for, in a sentence or two.
 */
text: string, 
/**
 * Address of the official text.
 */
source: string, 
/**
 * The day on which somebody last compared the rule with the law; `None`: nobody did.
 */
checked: string | null, };

export type Extension = { of: DeadlineKind, period: Days, 
/**
 * The citation as a letter prints it.
 */
statute: string, 
/**
 * What the law asks for, in a sentence or two.
 */
text: string, 
/**
 * Address of the official text.
 */
source: string, 
/**
 * The day on which somebody last compared the rule with the law; `None`: nobody did.
 */
checked: string | null, };

export type DeadlineKind = "acknowledgement" | "answer" | "estimate";

export type Days = { days: number, unit: Unit, };

export type Deadline = { kind: DeadlineKind, 
/**
 * The only requesters that it is for; empty: all that no other deadline of this kind names.
 */
requesters: Array<RequesterKind>, 
/**
 * `None`: the law sets no number of days.
 */
period: Days | null, 
/**
 * Counted from the last day of that deadline instead of the day of receipt.
 */
after: DeadlineKind | null, 
/**
 * Requests that were received earlier are not under it.
 */
since: string | null, 
/**
 * The citation as a letter prints it.
 */
statute: string, 
/**
 * What the law asks for, in a sentence or two.
 */
text: string, 
/**
 * Address of the official text.
 */
source: string, 
/**
 * The day on which somebody last compared the rule with the law; `None`: nobody did.
 */
checked: string | null, };

export type Statute = { key: string, title: string, note: string, deadlines: Array<Deadline>, extensions: Array<Extension>, tolling: Array<Tolling>, fees: FeeRules | null, retention: Array<Retention>, 
/**
 * The source of the holidays that working days exclude; `null`: only weekends.
 */
holidays: string | null, };

export type DueBasis = "law" | "rule" | "target" | "older_than_law";

export type Milestone = { kind: DeadlineKind, 
/**
 * `null`: the law sets no number of days.
 */
due_on: string | null, 
/**
 * When it was done.
 */
done_on: string | null, days_left: number | null, statute: string, text: string, };

export type PauseInfo = { waiting_for: WaitingFor, since: string, 
/**
 * `null` while the agency waits.
 */
until: string | null, note: string, by: string, 
/**
 * Whether the law stops the clock for it.
 */
stops: boolean, };

export type AddedTime = { days: number, unit: Unit, reason: string, by: string, };

export type ClockInfo = { basis: DueBasis | null, milestones: Array<Milestone>, 
/**
 * Oldest first.
 */
pauses: Array<PauseInfo>, 
/**
 * Oldest first.
 */
extensions: Array<AddedTime>, };

export type DueRule = { days: number, unit: Unit, 
/**
 * Where the deadline comes from.
 */
note: string, };

export type Disposition = "granted" | "partly_denied" | "denied" | "withdrawn" | "no_records";

export type Office = { 
/**
 * The agency, as papers name it.
 */
name: string | null, 
/**
 * The name of its time zone in the IANA database.
 */
time_zone: string, 
/**
 * The day in that zone.
 */
today: string, 
/**
 * The key of the law that new requests start with.
 */
law: string | null, 
/**
 * Whether there is a watch folder.
 */
watch_folder: boolean, };

export type Due = { 
/**
 * `null` for a day of receipt that is not a date.
 */
due_on: string | null, 
/**
 * `null` in the same case.
 */
basis: DueBasis | null, };

export type InboxKind = "mention" | "task" | "approve" | "sent_back" | "failed" | "render" | "hand_over" | "due" | "disposal" | "policy";

export type InboxItem = { kind: InboxKind, 
/**
 * `null` for a version of a policy.
 */
request: Id | null, request_number: string | null, 
/**
 * When the request or the task is due; `null` for a note, and for a task without a day.
 */
due_on: string | null, days_left: number | null, 
/**
 * The name of the recording.
 */
recording: string | null, review: Id | null, review_title: string | null, disposal: Id | null, 
/**
 * The name of the policy whose version waits.
 */
policy: string | null, 
/**
 * The task, or the beginning of the note.
 */
text: string | null, 
/**
 * Who wrote the note, or proposed what waits.
 */
by: string | null, 
/**
 * Whether the user has not seen it.
 */
new: boolean, 
/**
 * For whom the user stands in.
 */
instead_of: string | null, };

export type VerdictName = "redact" | "keep";

export type Class = "face" | "plate" | "screen" | "vehicle";

export type Effect = { "kind": "fill", } | { "kind": "pixelate", cells_across: number, } | { "kind": "blur", cells_across: number, };

export type MuteStyle = "silence" | "tone";

export type ClassRule = { class: Class, verdict: VerdictName, effect: Effect, reason: string, accept_weak_effect: boolean, };

export type PersonalClass = "person-name" | "phone-number" | "street-address" | "email-address" | "date-of-birth" | "social-security-number" | "id-number" | "license-plate" | "account-number" | "work-or-school";

export type SpeechMute = "speech" | "personal" | "none";

export type PersonalReason = { class: PersonalClass, reason: string, };

export type AudioRule = { mute: SpeechMute, 
/**
 * Classes that are muted, where `mute` is `personal`.
 */
personal: Array<PersonalReason>, style: MuteStyle, padding_seconds: number, reason: string, };

export type ReasonPurpose = "hide" | "keep" | "both";

export type Reason = { code: string, statute: string, text: string, 
/**
 * What it may be used for. Absent only in policies that earlier versions stored, until they
 * are loaded.
 */
for: ReasonPurpose, 
/**
 * Keys of the laws under which it applies; empty: any.
 */
laws: Array<string>, 
/**
 * Whether it applies under the law of the request.
 */
fits: boolean, };

export type Law = { 
/**
 * As in the request and in sets of reasons: `us-mn`.
 */
key: string, 
/**
 * Its name, or what the request says.
 */
title: string, 
/**
 * Whether there are reasons for it. Where there are none, those of the policy are used.
 */
covered: boolean, };

export type PolicyHead = { digest: string, name: string, title: string, jurisdiction: string, note: string, second_person: boolean, 
/**
 * Whether only signed approvals count. Absent in policies that earlier versions stored.
 */
signed: boolean, };

export type Policy = { classes: Array<ClassRule>, audio: AudioRule, reasons: Array<Reason>, 
/**
 * The law of the request, if the desk knows it.
 */
law: Law | null, digest: string, name: string, title: string, jurisdiction: string, note: string, second_person: boolean, 
/**
 * Whether only signed approvals count. Absent in policies that earlier versions stored.
 */
signed: boolean, };

export type Stage = "failed" | "needs_recording" | "preparing" | "in_review" | "awaiting_approval" | "approved" | "rendering" | "ready" | "handed_over" | "closed";

export type Assignee = { id: Id, name: string, };

export type RequestDetails = { case_number: string, incident_number: string, 
/**
 * `2026-01-31`.
 */
incident_on: string, location: string, 
/**
 * The officers who are concerned.
 */
officer: string, 
/**
 * The requester's postal address.
 */
address: string, email: string, telephone: string, 
/**
 * What the release is based on in writing, such as a court order.
 */
written_basis: string, 
/**
 * Reference to the consent that the release is based on.
 */
consent_reference: string, 
/**
 * The name of the policy of first reviews; empty: that of the office.
 */
policy: string, };

export type RecordingDetails = { 
/**
 * Its ID in the evidence system.
 */
evidence_id: string, device_serial: string, 
/**
 * Who wore or drove with the camera.
 */
officer: string, location: string, 
/**
 * By the camera's clock, as the evidence system spells it.
 */
recorded_start: string, recorded_end: string, 
/**
 * How the camera's clock was set.
 */
clock_basis: string, 
/**
 * Seconds without sound before an event; digits or empty.
 */
pre_event_seconds: string, };

export type Request = { id: Id, number: string, requester_kind: RequesterKind, requester: string, jurisdiction: string, 
/**
 * The title of the law.
 */
law: string, 
/**
 * A deadline of its own.
 */
rule: DueRule | null, received_on: string, due_on: string, 
/**
 * The due date that the law or the rule sets.
 */
due_counted: string, 
/**
 * Whether the clock stands still while the agency waits for the requester.
 */
stopped: boolean, days_left: number, overdue: boolean, stage: Stage, disposition: Disposition | null, assignee: Assignee | null, note: string, details: RequestDetails, 
/**
 * Responsive recordings.
 */
recordings_count: number, 
/**
 * Recordings of which the requester has the latest release.
 */
handed_over_count: number, not_responsive_count: number, releases_count: number, created_at: string, changed_at: string, 
/**
 * Whether it is there for its owner to practice on.
 */
practice: boolean, };

export type QueueCounts = { open: number, all: number, soon: number, overdue: number, stages: Partial<Record<Stage, number>>, };

export type QueuePage = { requests: Array<Request>, 
/**
 * Requests that the filters show, without practice.
 */
total: number, 
/**
 * The place of the first request of the page among those that are shown, from 0.
 */
first: number, 
/**
 * All that are shown.
 */
shown: number, page: number, pages: number, 
/**
 * Whether any request fits the search, whatever the filters.
 */
any: boolean, counts: QueueCounts, 
/**
 * The people to whom requests are assigned, by name.
 */
people: Array<Assignee>, };

export type QueueView = { id: Id, name: string, 
/**
 * The name of its owner.
 */
owner: string, 
/**
 * Whether it is the user's own.
 */
own: boolean, shared: boolean, 
/**
 * The filters, as the address of the queue has them.
 */
query: string, columns: Array<string>, };

export type SearchKind = "request" | "recording" | "release" | "package" | "copy" | "note" | "person";

export type SearchHit = { kind: SearchKind, id: Id, 
/**
 * What the page that shows it is about.
 */
target: Id, 
/**
 * Whether that is a package.
 */
in_package: boolean, title: string, 
/**
 * The part of the text in which the words are.
 */
excerpt: string, request: Id | null, request_number: string | null, received_on: string | null, closed: boolean, };

export type SearchResults = { hits: Array<SearchHit>, 
/**
 * Of all kinds that the user may see.
 */
counts: Partial<Record<SearchKind, number>>, 
/**
 * Of the chosen kind.
 */
total: number, page: number, page_hits: number, };

export type RequestNote = { id: Id, by: string, 
/**
 * Whether the user wrote it and may change it.
 */
own: boolean, at: string, edited_at: string | null, text: string, mentions: Array<Assignee>, };

export type RequestTask = { id: Id, text: string, due_on: string | null, overdue: boolean, assignee: Assignee | null, by: string, at: string, done_at: string | null, done_by: string | null, };

export type RequestThread = { 
/**
 * Oldest first.
 */
notes: Array<RequestNote>, 
/**
 * Open ones first.
 */
tasks: Array<RequestTask>, };

export type TemplateValues = { requester_kind: RequesterKind, 
/**
 * The key of a law; empty: that of the office.
 */
jurisdiction: string, note: string, details: RequestDetails, };

export type RequestTemplate = { id: Id, name: string, values: TemplateValues, 
/**
 * Who saved it last.
 */
by: string, };

export type PolicyVersionState = "proposed" | "in_force" | "refused" | "replaced";

export type PolicyVersion = { id: Id, name: string, digest: string, 
/**
 * The digest of the version that was in force when it was proposed; empty: none was.
 */
before: string, why: string, by: string, 
/**
 * Whether the user proposed it.
 */
own: boolean, at: string, state: PolicyVersionState, decided_by: string | null, decided_at: string | null, };

export type PolicyText = { 
/**
 * TOML.
 */
text: string, };

export type AgencySetting = { 
/**
 * `name`, `letterhead`, `time-zone`, `law`, `policy` or `holidays`.
 */
name: string, 
/**
 * What was saved; empty: nothing.
 */
value: string, 
/**
 * The option of the command line that sets it instead, with its value.
 */
option: string | null, option_value: string | null, };

export type SettingChoice = { value: string, title: string, };

export type SettingChange = { name: string, from: string, to: string, by: string, at: string, };

export type AgencySettings = { settings: Array<AgencySetting>, laws: Array<SettingChoice>, policies: Array<SettingChoice>, 
/**
 * The time zone that counts now.
 */
time_zone: string, 
/**
 * The newest first.
 */
changes: Array<SettingChange>, };

export type DiskRoom = { free: number, total: number, 
/**
 * What the desk needs to go on working: room for the work on its largest recording.
 */
needed: number, 
/**
 * Whether less than that is free.
 */
low: boolean, 
/**
 * Whether so little is free that the desk does not count as working.
 */
full: boolean, };

export type DataSize = { 
/**
 * The name of its folder or file in the data folder.
 */
name: string, bytes: number, files: number, };

export type JobCounts = { queued: number, running: number, 
/**
 * In the last seven days.
 */
failed: number, };

export type FailedJob = { kind: JobKind, at: string | null, };

export type KeyStates = { in_use: number, retired: number, 
/**
 * Operators and approvers who have no key yet: they get one when they approve.
 */
without: number, };

export type ModelFile = { name: string, 
/**
 * SHA-256 that its card pins; whoever uses the file checks it.
 */
sha256: string, 
/**
 * Its length; `null`: the file is missing.
 */
bytes: number | null, 
/**
 * Whether set-up fetches it only when asked to.
 */
optional: boolean, };

export type Health = { 
/**
 * What monitors are told.
 */
ok: boolean, program: string, schema_version: number, 
/**
 * The server's clock, in UTC, and the agency's time zone.
 */
now: string, time_zone: string, 
/**
 * `null`: the system does not say.
 */
disk: DiskRoom | null, 
/**
 * The largest first.
 */
sizes: Array<DataSize>, jobs: JobCounts, 
/**
 * Of the last seven days, the newest first.
 */
failed: Array<FailedJob>, keys: KeyStates, models: Array<ModelFile>, 
/**
 * `null`: none was made.
 */
last_backup_at: string | null, 
/**
 * When the certificate ends; `null` without TLS.
 */
certificate_ends_at: string | null, 
/**
 * Whether that is soon.
 */
certificate_ends_soon: boolean, };

export type ImportField = { name: string, title: string, };

export type ImportLine = { 
/**
 * Of the file, from 1.
 */
line: number, number: string, requester: string, 
/**
 * The name or the evidence ID of the recording; empty: none.
 */
recording: string, 
/**
 * Whether the request is there already and gets the recording.
 */
existing: boolean, 
/**
 * What is wrong.
 */
errors: Array<string>, };

export type ImportPreview = { headers: Array<string>, 
/**
 * What each column is; empty: left out.
 */
mapping: Array<string>, 
/**
 * The headings of columns that are left out although they have values.
 */
left_out: Array<string>, 
/**
 * The file's words for types of requesters that are not known: a person says what they mean.
 */
unknown_kinds: Array<string>, 
/**
 * What a column can be.
 */
fields: Array<ImportField>, 
/**
 * What is wrong with the mapping; nothing else is checked then.
 */
problem: string | null, 
/**
 * The first lines and those that are wrong.
 */
lines: Array<ImportLine>, lines_count: number, 
/**
 * Requests and recordings that would be entered.
 */
requests: number, recordings: number, 
/**
 * Lines that are wrong: then nothing can be entered.
 */
wrong: number, };

export type ExpectedRecording = { id: Id, 
/**
 * The name of its file; may be empty.
 */
name: string, details: RecordingDetails, 
/**
 * Who imported the list.
 */
by: string, };

export type FieldChange = { 
/**
 * As the API spells it.
 */
field: string, from: string, to: string, };

export type HistoryEntry = { at: string, by: string, action: string, 
/**
 * The name of the recording that it is about.
 */
recording: string | null, changes: Array<FieldChange>, reason: string, };

export type FullRequest = { clock: ClockInfo, 
/**
 * Empty for auditors.
 */
recordings: Array<Recording>, 
/**
 * Recordings that are gone, oldest first.
 */
disposed: Array<DisposedRecording>, 
/**
 * Recordings that an import lists and that were not added yet; empty for auditors.
 */
expected: Array<ExpectedRecording>, releases: Array<Release>, 
/**
 * Newest first.
 */
packages: Array<Package>, 
/**
 * Who has a release that was replaced.
 */
older_copies: Array<OlderCopy>, 
/**
 * What people changed, newest first.
 */
history: Array<HistoryEntry>, id: Id, number: string, requester_kind: RequesterKind, requester: string, jurisdiction: string, 
/**
 * The title of the law.
 */
law: string, 
/**
 * A deadline of its own.
 */
rule: DueRule | null, received_on: string, due_on: string, 
/**
 * The due date that the law or the rule sets.
 */
due_counted: string, 
/**
 * Whether the clock stands still while the agency waits for the requester.
 */
stopped: boolean, days_left: number, overdue: boolean, stage: Stage, disposition: Disposition | null, assignee: Assignee | null, note: string, details: RequestDetails, 
/**
 * Responsive recordings.
 */
recordings_count: number, 
/**
 * Recordings of which the requester has the latest release.
 */
handed_over_count: number, not_responsive_count: number, releases_count: number, created_at: string, changed_at: string, 
/**
 * Whether it is there for its owner to practice on.
 */
practice: boolean, };

export type Upload = { id: Id, name: string, bytes: number, offset: number, purpose: Purpose, request: Id | null, piece_bytes_max: number, };

export type WatchedFile = { id: Id, name: string, bytes: number, changed_at: string, };

export type RefusedFile = { name: string, error: string, };

export type RequestWatch = { 
/**
 * Its name; `null`: the request has none.
 */
folder: string | null, 
/**
 * How many files were added from it.
 */
added: number, 
/**
 * Files that could not be added, the newest first.
 */
refused: Array<RefusedFile>, };

export type RecordingState = "preparing" | "ready" | "failed";

export type ReadOptions = { 
/**
 * The video stream to read, by its index in the file; `None` takes the default stream.
 */
video_stream: number | null, 
/**
 * Clockwise turn of the picture in degrees: 0, 90, 180 or 270.
 */
turn_degrees: number, 
/**
 * Frames per second of a bare video stream, as a fraction.
 */
frame_rate: [number, number] | null, 
/**
 * Whether damaged parts are hidden and silenced; otherwise damage is an error.
 */
mask_damage: boolean, };

export type NamedElsewhere = { name: string, 
/**
 * The name of the recording.
 */
recording: string, 
/**
 * How many of its tracks have this name and this decision.
 */
tracks: number, decision: Decision, };

export type SameReview = { id: Id, title: string, changed_at: string, changed_by: string, };

export type SameRecording = { id: Id, name: string, request: Id, request_number: string, reviewed: boolean, released: boolean, 
/**
 * Reviews whose decisions can be copied; none if the file was read differently there.
 */
reviews: Array<SameReview>, };

export type Recording = { id: Id, request: Id, name: string, bytes: number, added_at: string, added_by: string, sha256: string | null, state: RecordingState, error: JobError | null, proxy: boolean, waveform: boolean, tracks: boolean, thumbnails: boolean, media: Media | null, 
/**
 * Who accepted that the sound, which cannot be decoded, is lost.
 */
lost_sound_by: string | null, 
/**
 * Read options; `None` reads it as the file says.
 */
options: ReadOptions | null, 
/**
 * Who set the read options.
 */
options_by: string | null, 
/**
 * Whether it does not count in the state of its request.
 */
not_responsive: boolean, 
/**
 * When its first frame is, in seconds on the clock of its request; `None`: not placed.
 */
on_clock_seconds: number | null, details: RecordingDetails, 
/**
 * Other recordings of the same file.
 */
same: Array<SameRecording>, jobs: Array<Job>, reviews: Array<ReviewHead>, };

export type FoundTrack = { id: number, class: Class, start: number, end: number, boxes: Array<number>, scores: Array<number>, origins: string, };

export type Found = { tracks: Array<FoundTrack>, missing: Array<Class>, 
/**
 * Seconds; `None` if no speech detector ran.
 */
speech: Array<[number, number]> | null, look_here_first: Risk[], };

export type Stop = "end" | "cut" | "lost" | "limit";

export type Stopped = { 
/**
 * Toward the start.
 */
back: Stop | null, 
/**
 * Toward the end.
 */
forward: Stop | null, };

export type Followed = { 
/**
 * First frame.
 */
start: number, 
/**
 * First frame after.
 */
end: number, 
/**
 * `[frame, x_min, y_min, x_max, y_max]` as fractions of the picture, in ascending order.
 */
path: Array<[number, number, number, number, number]>, 
/**
 * Why it ended.
 */
stopped: Stopped, };

export type View = { by: string, began_at: string, last_at: string, 
/**
 * Frames, half-open.
 */
spans: Array<[number, number]>, 
/**
 * The same in seconds; empty while the recording is not ready.
 */
seconds: Array<[number, number]>, frames: number, seen: { [key in string]: number }, 
/**
 * Whether the session has not ended.
 */
open: boolean, };

export type FoundPart = { found: number, start: number, end: number, };

export type PathPart = { path: Array<[number, number, number, number, number]>, start: number, end: number, };

export type Part = FoundPart | PathPart;

export type Decision = { "verdict": "redact", effect: Effect, reason: string, by?: string, at?: string, } | { "verdict": "keep", reason: string, by?: string, at?: string, } | { "verdict": "reject", reason: string, by?: string, at?: string, };

export type ReviewTrack = { id: number, class: Class, person: string | null, parts: Array<Part>, 
/**
 * How far the track's boxes are enlarged.
 */
margins?: Array<[number, number, number, number, number]>, decision: Decision | null, };

export type Shape = { "kind": "ellipse", } | { "kind": "polygon", points: Array<[number, number]>, };

export type Drawn = { id: string, 
/**
 * What the reviewers call it. It is in no plan and in no release.
 */
name?: string, effect: Effect, 
/**
 * Omitted for a rectangle.
 */
shape?: Shape, 
/**
 * Empty until somebody has chosen one.
 */
reason: string, start: number, end: number, keyframes: Array<[number, number, number, number, number]>, 
/**
 * Frames, half-open, in which following lost the object. They are not hidden, and block
 * approval until a person has checked them.
 */
lost?: Array<[number, number]>, };

export type All = "all";

export type SoundTracks = All | Array<number>;

export type Mute = { id: string, start_seconds: number, end_seconds: number, sound_tracks: SoundTracks, style: MuteStyle, reason: string, };

export type KeptSpeech = { start_nanos: number, end_nanos: number, reason: string, 
/**
 * Who decided. Values from the page are ignored.
 */
by?: string, 
/**
 * When, as RFC 3339 in UTC. Values from the page are ignored.
 */
at?: string, };

export type WordEdit = { 
/**
 * Voice of the transcript, and the word's place in it, counted from 0.
 */
voice: number, word: number, 
/**
 * What was said.
 */
text: string, 
/**
 * Who corrected it. Values from the page are ignored.
 */
by?: string, 
/**
 * When, as RFC 3339 in UTC. Values from the page are ignored.
 */
at?: string, };

export type ItemKind = "unclear" | "personal";

export type CheckedItem = { 
/**
 * Voice of the transcript, counted from 0.
 */
voice: number, kind: ItemKind, 
/**
 * Its place in the voice's list, counted from 0.
 */
item: number, 
/**
 * Whether the reviewer wants it muted.
 */
muted: boolean, 
/**
 * Who checked it. Values from the page are ignored.
 */
by?: string, 
/**
 * When, as RFC 3339 in UTC. Values from the page are ignored.
 */
at?: string, };

export type ReviewDocument = { tracks: Array<ReviewTrack>, drawn: Array<Drawn>, mutes: Array<Mute>, 
/**
 * Speech that the policy mutes and a reviewer keeps audible. `None` in reviews saved by
 * versions that did not record this.
 */
kept_speech?: Array<KeptSpeech>, acknowledged: Array<Class>, 
/**
 * Corrected words of the transcript, in order.
 */
words?: Array<WordEdit>, 
/**
 * Proposals of the transcript that were checked, in order.
 */
checked_items?: Array<CheckedItem>, };

export type Approval = { by: string, at: string, role: Role, statement: string, signed: boolean, };

export type ReviewState = "in_review" | "awaiting_second" | "approved";

export type CommentKind = "comment" | "sent_back" | "handed_in" | "reopened";

export type Comment = { by: string, role: Role, at: string, revision: number, kind: CommentKind, text: string, 
/**
 * The track (`face-3`) or region that it is about.
 */
item: string | null, };

export type ReviewHead = { id: Id, recording: Id, title: string, policy_name: string, policy_digest: string, revision: number, changed_at: string, changed_by: string, state: ReviewState, second_person: boolean, approvals: Array<Approval>, 
/**
 * Why an approver sent it back, until it is handed in again or approved.
 */
sent_back: Comment | null, };

export type PolicyMute = { start_nanos: number, end_nanos: number, reason: string, };

export type Review = { policy: Policy, 
/**
 * What the policy mutes of what was said. Parts without a mute need a decision.
 */
policy_mutes: Array<PolicyMute>, document: ReviewDocument, id: Id, recording: Id, title: string, policy_name: string, policy_digest: string, revision: number, changed_at: string, changed_by: string, state: ReviewState, second_person: boolean, approvals: Array<Approval>, 
/**
 * Why an approver sent it back, until it is handed in again or approved.
 */
sent_back: Comment | null, };

export type UnclearCause = "doubtful" | "no-words" | "repeated" | "other-language" | "out-of-reach";

export type UnclearSpeech = { start_seconds: number, end_seconds: number, cause: UnclearCause, };

export type PersonalData = { class: PersonalClass, 
/**
 * Place of the first word in `words`, and how many words.
 */
first: number, count: number, 
/**
 * From the start of the first word to the latest end.
 */
start_seconds: number, end_seconds: number, };

export type Voice = { 
/**
 * The sound tracks that carry it, from 0.
 */
sound_tracks: Array<number>, 
/**
 * `[start, end, probability, text]`, times in seconds, ordered by start.
 */
words: Array<[number, number, number, string]>, unclear: Array<UnclearSpeech>, personal: Array<PersonalData>, };

export type Transcript = { 
/**
 * As in ISO 639-1.
 */
language: string, voices: Array<Voice>, };

export type Revision = { revision: number, at: string, by: string, undecided: number, };

export type Saved = { revision: number, saved_at: string, state: ReviewState, 
/**
 * What was saved, if it has changes of others since the revision that was sent.
 */
merged: ReviewDocument | null, };

export type Problem = { code: string, message: string, track?: number, class?: Class, id?: string, 
/**
 * Start of the undecided speech.
 */
start_seconds?: number, 
/**
 * The reason that does not fit.
 */
reason?: string, };

export type ReasonProposal = { from: string, 
/**
 * The statute of the old reason; empty if it is not known.
 */
statute: string, 
/**
 * Whether it is used to hide or to keep.
 */
verdict: VerdictName, 
/**
 * The number of tracks, regions, mutes and stretches of speech that use it.
 */
items: number, to: string, };

export type ReasonChoices = { changes: Array<ReasonProposal>, 
/**
 * The reasons of the policy under the law of the request.
 */
reasons: Array<Reason>, };

export type SheetItem = { 
/**
 * The number of a track; `None` for a region.
 */
track: number | null, 
/**
 * The name of a region; `None` for a track.
 */
region: string | null, class: Class | null, person: string | null, 
/**
 * `None` while it is undecided.
 */
decision: Decision | null, frame: number, rect: [number, number, number, number], 
/**
 * The found track whose thumbnail shows it.
 */
thumbnail: number | null, 
/**
 * From the start of its first frame to the end of its last one.
 */
start_seconds: number, end_seconds: number, };

export type ClassCount = { class: Class, looked_for: boolean, acknowledged: boolean, hidden: number, kept: number, rejected: number, undecided: number, };

export type ReasonCount = { code: string, statute: string, text: string, hidden: number, kept: number, rejected: number, drawn: number, mutes: number, kept_speech: number, };

export type KeptSpeechInfo = { start_seconds: number, end_seconds: number, reason: string, by: string, at: string, };

export type LeftOut = { track: number, class: Class, frames: number, first_frame: number, };

export type Rejected = { track: number, class: Class, reason: string, by: string, at: string, };

export type AgainstPolicy = { track: number, class: Class, policy: VerdictName, };

export type KeptCovered = { track: number, class: Class, 
/**
 * Frames in which it is covered.
 */
frames: number, 
/**
 * The frame in which most of it is covered, and the share of it, 0 to 1.
 */
worst_frame: number, share: number, 
/**
 * IDs of the masks: `face-3` is that of track 3.
 */
masks: Array<string>, };

export type SpokenSummary = { 
/**
 * Personal data that was proposed.
 */
proposed: number, 
/**
 * Stretches of speech that were not understood, and their length.
 */
unclear: number, unclear_seconds: number, 
/**
 * Of both, those that nobody checked.
 */
unchecked: number, corrected_words: number, };

export type Summary = { revision: number, problems: Array<Problem>, classes: Array<ClassCount>, reasons: Array<ReasonCount>, drawn: number, mutes: number, muted_seconds: number, speech_seconds: number | null, unmuted_speech_seconds: number | null, 
/**
 * Damaged parts in seconds: pictures hidden, or sound muted.
 */
damaged: Array<[number, number]>, kept_speech: Array<KeptSpeechInfo>, left_out: Array<LeftOut>, against_policy: Array<AgainstPolicy>, rejected: Array<Rejected>, kept_covered: Array<KeptCovered>, 
/**
 * The law of the request. Its reasons are missing where it is not `covered`.
 */
law: Law | null, 
/**
 * Reasons that do not fit, each with a proposal.
 */
reason_changes: Array<ReasonProposal>, second_person: boolean, approvals: Array<Approval>, plan_sha256: string | null, 
/**
 * How much of the transcript was checked; `None` without one.
 */
spoken: SpokenSummary | null, };

export type TrackDifference = { track: number, class: Class, here: string, there: string, };

export type WordDifference = { start_seconds: number, here: string, there: string, };

export type Differences = { tracks: Array<TrackDifference>, drawn_only_here: Array<string>, drawn_only_there: Array<string>, mutes_only_here: Array<string>, mutes_only_there: Array<string>, muted_seconds: [number, number], words: Array<WordDifference>, };

export type Remedy = "lost_sound" | "damage" | "read_options";

export type JobError = { message: string, hint: string | null, 
/**
 * What a user can do so that it succeeds.
 */
remedy: Remedy | null, };

export type Job = { id: Id, kind: JobKind, request: Id | null, recording: Id | null, review: Id | null, release: Id | null, package: Id | null, state: JobState, phase: string | null, done: number, total: number | null, seconds_left: number | null, queued_at: string, started_at: string | null, ended_at: string | null, by: string, error: JobError | null, result: unknown, request_number: string | null, recording_name: string | null, };

export type Machine = { 
/**
 * Its name.
 */
name: string, 
/**
 * `live`, `silent` or `stopped`.
 */
state: string, 
/**
 * Chunks that it has.
 */
running: number, 
/**
 * Chunks that it did.
 */
done: number, 
/**
 * Seconds since its last heartbeat.
 */
silent_seconds: number, };

export type MachineJob = { 
/**
 * Its number in the queue.
 */
job: number, 
/**
 * `scan` or `render`.
 */
kind: string, 
/**
 * The recording's file name.
 */
recording: string, 
/**
 * `running`, `done`, `needs_person` or `cancelled`.
 */
state: string, 
/**
 * Chunks that are done.
 */
done: number, 
/**
 * Chunks that workers have.
 */
running: number, 
/**
 * Chunks that were tried several times and failed.
 */
failed: number, 
/**
 * All chunks.
 */
chunks: number, 
/**
 * Live workers that can do it.
 */
workers: number, 
/**
 * Why the first of the failed chunks failed.
 */
failure: string | null, };

export type MachineList = { 
/**
 * Jobs of the last day, newest first.
 */
jobs: Array<MachineJob>, 
/**
 * Workers of the last day.
 */
workers: Array<Machine>, };

export type FileKind = "release" | "captions" | "manifest" | "manifest_signature" | "sealed" | "sealed_signature" | "log" | "log_csv" | "log_pdf" | "report";

export type ReleaseFile = { kind: FileKind, name: string, bytes: number, };

export type CheckStatus = "ok" | "wrong" | "not_checked";

export type Check = { group: string, name: string, status: CheckStatus, evidence: string, };

export type Verdict = { ok: boolean, checks: Array<Check>, };

export type ExcerptSpan = { start_seconds: number, end_seconds: number, };

export type Excerpt = { 
/**
 * In order of time.
 */
spans: Array<ExcerptSpan>, 
/**
 * Code of the reason for withholding the rest.
 */
reason: string, 
/**
 * Who withholds it.
 */
by: string, };

export type ReleaseLink = { id: Id, title: string, policy_name: string, state: ReleaseState, created_at: string, why: string, };

export type Release = { id: Id, request: Id, recording: Id, review: Id, revision: number, title: string, policy_name: string, state: ReleaseState, job: Job | null, verdict: Verdict | null, files: Array<ReleaseFile>, approvals: Array<Approval>, made_at: string | null, request_number: string, recording_name: string, why: string, 
/**
 * What of the recording it shows; `None`: all of it.
 */
excerpt: Excerpt | null, 
/**
 * The release that replaced it.
 */
replaced_by: Id | null, 
/**
 * Whether its review was reopened or sent back since it was made.
 */
reopened: boolean, request_closed: boolean, 
/**
 * All versions that replaced each other, oldest first; empty for a single release.
 */
chain: Array<ReleaseLink>, 
/**
 * Other releases of the recording, to compare with.
 */
others: Array<ReleaseLink>, copies: number, 
/**
 * Who has a version that was replaced; empty in lists.
 */
older_copies: Array<OlderCopy>, 
/**
 * Whether it is of a practice request: nothing of it is handed over.
 */
practice: boolean, };

export type CopiedFile = { kind: FileKind, sha256: string, };

export type Copy = { id: Id, at: string, by: string, to: string, medium: Medium, note: string, files: Array<CopiedFile>, 
/**
 * The package that it was in.
 */
package: Id | null, };

export type OlderCopy = { to: string, medium: Medium, at: string, by: string, 
/**
 * The release that they have.
 */
release: Id, title: string, recording_name: string, 
/**
 * The package that it was in.
 */
package: Id | null, 
/**
 * The newest version.
 */
newest: Id, 
/**
 * Whether the newest version is verified and can be sent.
 */
newest_ready: boolean, 
/**
 * When the newest version was sent to them.
 */
sent_at: string | null, };

export type Profile = { name: string, title: string, note: string, 
/**
 * The forms in which the desk can make it.
 */
forms: Array<PackageForm>, 
/**
 * The papers, as named in profiles.
 */
documents: Array<string>, sealed_manifests: boolean, findings: boolean, verifier: boolean, 
/**
 * Whether a package must be encrypted.
 */
encrypt: boolean, 
/**
 * The largest video in bytes; larger ones are cut into parts.
 */
part_bytes: number | null, 
/**
 * The largest package in bytes.
 */
package_bytes: number | null, source_names: boolean, request_number: boolean, case_number: boolean, requester: boolean, 
/**
 * Why it cannot be used.
 */
problem: string | null, };

export type Exhibit = { number: number, release: Id, title: string, recording: Id, recording_name: string, state: ReleaseState, 
/**
 * The release that replaced it.
 */
replaced_by: Id | null, 
/**
 * Whether its review was reopened or sent back since it was made.
 */
reopened: boolean, };

export type PackageCopy = { id: Id, at: string, by: string, to: string, medium: Medium, note: string, 
/**
 * SHA-256 of the package.
 */
sha256: string, };

export type Package = { id: Id, request: Id, request_number: string, 
/**
 * Name of the profile.
 */
profile: string, 
/**
 * Title of the profile.
 */
title: string, form: PackageForm, encryption: EncryptionKind, 
/**
 * The public keys that open it.
 */
recipients: Array<string>, 
/**
 * Whether sealed records are in it.
 */
sealed: boolean, 
/**
 * Whether the profile includes `verify.html`, and whether it is in the package.
 */
wants_verifier: boolean, has_verifier: boolean, 
/**
 * The date of the letters.
 */
dated: string, state: PackageState, job: Job | null, 
/**
 * The name of its file.
 */
name: string, bytes: number | null, 
/**
 * SHA-256 of the file.
 */
sha256: string | null, 
/**
 * SHA-256 of the package's manifest, as `redact verify` shows it.
 */
manifest_sha256: string | null, by: string, created_at: string, made_at: string | null, exhibits: Array<Exhibit>, copies: Array<PackageCopy>, };

export type Verifier = { name: string, bytes: number, 
/**
 * For the agency to publish.
 */
sha256: string, };

export type CopyOut = { at: string, by: string, to: string, medium: Medium, };

export type Fault = { name: string, evidence: string, };

export type RecheckedRelease = { id: Id, 
/**
 * The name of its files for recipients.
 */
name: string, title: string, policy_name: string, 
/**
 * `None` for administrators, who see no requests.
 */
request_number: string | null, state: ReleaseState, 
/**
 * `None` while it is being verified.
 */
holds: boolean | null, why: Array<Fault>, made_at: string | null, checked_at: string | null, copies: Array<CopyOut>, };

export type Recheck = { began_at: string | null, by: string | null, 
/**
 * Releases left to verify, of `total`.
 */
waiting: number, total: number, releases: Array<RecheckedRelease>, };

export type Audit = { id: Id, release_name: string, at: string, job: Job | null, verdict: Verdict | null, 
/**
 * Whether there is a report to download.
 */
report: boolean, };

export type EventEntry = { seq: number, at: string, who: string, what: string, outcome: 'success' | 'refused' | 'failure', program: string, machine: string, subjects: Record<string, string>, details: Record<string, string | number>, 
/**
 * The names of the ids in `details`.
 */
names: { [key in string]: string }, 
/**
 * What changed of a request or a recording.
 */
changes: Array<FieldChange>, reason: string, };

export type SignedExport = { id: Id, name: string, entries: number, };

export type Chain = { whole: boolean, entries: number, problem: string | null, };

export type ManualLink = { slug: string, anchor: string | null, };

export type ManualText = { text: string, 
/**
 * What the page calls it.
 */
strong: boolean, 
/**
 * A key, a command or a file.
 */
code: boolean, 
/**
 * The chapter and heading that it leads to.
 */
link: ManualLink | null, };

export type ManualBlock = { "kind": "heading", level: number, anchor: string, text: Array<ManualText>, } | { "kind": "paragraph", text: Array<ManualText>, } | { "kind": "list", numbered: boolean, items: Array<Array<ManualText>>, } | { "kind": "table", header: Array<Array<ManualText>>, 
/**
 * Whether each column is aligned to the right.
 */
right: Array<boolean>, rows: Array<Array<Array<ManualText>>>, } | { "kind": "code", text: string, };

export type ManualChapter = { slug: string, title: string, blocks: Array<ManualBlock>, };

export type ManualEdition = { 
/**
 * Its file is `NAME.pdf`.
 */
name: string, title: string, };

export type Manual = { chapters: Array<ManualChapter>, 
/**
 * As PDF: the whole, and one for each role.
 */
editions: Array<ManualEdition>, };

export type LetterKind = "acknowledgement" | "extension" | "estimate" | "partial_denial" | "denial" | "no_records" | "cover";

export type SentBy = "email" | "mail" | "portal" | "in_person" | "other";

export type LetterChoice = { kind: LetterKind, title: string, note: string, 
/**
 * Whether the office wrote its template.
 */
own: boolean, };

export type LetterSend = { by: string, at: string, to: string, means: SentBy, on: string, note: string, };

export type RequestLetter = { id: Id, kind: LetterKind, title: string, at: string, by: string, bytes: number, sha256: string, 
/**
 * Oldest first.
 */
sends: Array<LetterSend>, };

export type RequestLetters = { 
/**
 * Newest first.
 */
letters: Array<RequestLetter>, choices: Array<LetterChoice>, 
/**
 * Why no letter can be made: which of the office's files is wrong.
 */
problem: string | null, };

export type PaperPreview = { title: string, blocks: Array<ManualBlock>, 
/**
 * What the person should know before it is made.
 */
warnings: Array<string>, };

export type MadePaper = { id: Id, };

export type InvoiceBasis = "estimate" | "time";

export type InvoiceLine = { what: string, basis: string, statute: string, amount: string, };

export type Voided = { at: string, by: string, reason: string, };

export type Payment = { id: Id, paid_on: string, amount: string, note: string, by: string, voided: Voided | null, };

export type Invoice = { id: Id, number: string, at: string, by: string, basis: InvoiceBasis, lines: Array<InvoiceLine>, total: string, 
/**
 * Of this invoice and those that it corrects.
 */
paid: string, 
/**
 * What is to be paid; less than zero: to be returned. `null` for one that is not valid.
 */
balance: string | null, 
/**
 * The number of the invoice that it corrects.
 */
corrects: string | null, why: string, 
/**
 * The number of the invoice that corrects it.
 */
corrected_by: string | null, voided: Voided | null, sha256: string, payments: Array<Payment>, };

export type AccessKind = "viewed" | "downloaded" | "exported" | "handed_over";

export type AccessedRecording = { id: Id, 
/**
 * Empty if the user may not see it.
 */
name: string, 
/**
 * The number of its request; empty if the user may not see it.
 */
request: string, };

export type AccessFigures = { views: number, playbacks: number, frames: number, downloads: number, exports: number, copies: number, last_at: string, };

export type RecordingAccess = { recording: AccessedRecording, people: Array<string>, figures: AccessFigures, };

export type PersonAccess = { name: string, recordings: number, figures: AccessFigures, };

export type AccessEntry = { at: string, until: string, who: string, kind: AccessKind, recordings: Array<AccessedRecording>, 
/**
 * What was shown and how often, or the file.
 */
shown: { [key in string]: number }, frames: number, 
/**
 * Whether the session goes on.
 */
open: boolean, };

export type AccessReport = { recordings: Array<RecordingAccess>, people: Array<PersonAccess>, 
/**
 * The newest 500, newest first.
 */
entries: Array<AccessEntry>, 
/**
 * How many there are in all.
 */
count: number, };

export type AccessRule = "outside_assignment" | "night" | "many_recordings" | "many_downloads";

export type AccessOutcome = "justified" | "reminded" | "misuse";

export type AccessFlag = { id: Id, rule: AccessRule, person: string, 
/**
 * In the agency's time zone.
 */
day: string, 
/**
 * The id of the recording; empty for access to several.
 */
recording: string, 
/**
 * Empty for administrators.
 */
recording_name: string, 
/**
 * The number of the request; empty for administrators.
 */
request: string, 
/**
 * Recordings, or downloads.
 */
count: number, from: string, until: string, outcome: AccessOutcome | null, finding: string, reviewed_by: string | null, reviewed_at: string | null, 
/**
 * Whether the user may review it: nobody reviews their own access.
 */
reviewable: boolean, };

export type Practice = { 
/**
 * `null` if there is none.
 */
request: Id | null, };

export type VisibleObject = { class: Class, frames: number, seconds: number, 
/**
 * The frame in which most of it is visible.
 */
frame: number, 
/**
 * The share that is hidden there, 0 to 1.
 */
hidden_share: number, };

export type AudibleItem = { 
/**
 * Which sound track, from 0.
 */
sound_track: number, start_seconds: number, end_seconds: number, 
/**
 * How much of it is audible.
 */
seconds: number, words: string, };

export type NeedlessMask = { track: number, class: Class, frame: number, frames: number, };

export type RejectedTrack = { track: number, class: Class, frame: number, 
/**
 * Whether nothing was there.
 */
right: boolean, };

export type Score = { revision: number, 
/**
 * 0 to 100: how much of what must be hidden and muted is, less what is hidden needlessly.
 */
points: number, 
/**
 * Objects in frames that are hidden, of all that must be.
 */
hidden: number, objects: number, 
/**
 * Seconds that are muted, of all that must be.
 */
muted_seconds: number, spoken_seconds: number, 
/**
 * What stayed visible, the longest first.
 */
visible: Array<VisibleObject>, 
/**
 * What stayed audible, in order.
 */
audible: Array<AudibleItem>, 
/**
 * What is hidden although nothing is there.
 */
needless: Array<NeedlessMask>, 
/**
 * What was rejected as a false detection, rightly or not.
 */
rejected: Array<RejectedTrack>, };

export type PresentPerson = { id: Id, name: string, role: Role, };

export type Change = { "kind": "request", id: Id, } | { "kind": "recording", id: Id, } | { "kind": "review", id: Id, } | { "kind": "presence", id: Id, people: Array<PresentPerson>, } | { "kind": "release", id: Id, } | { "kind": "audit", id: Id, } | { "kind": "job", id: Id, job: Job, };
