//! Letters to requesters.

use axum::http::{Method, StatusCode};
use redact_desk::Role;
use serde_json::{Value, json};

use crate::bench::Answered;
use crate::office::{Office, office};

impl Office {
    pub(crate) async fn letter(&self, request: &str, what: &str, body: Value) -> Answered {
        let path = format!("/api/requests/{request}/letters{what}");
        self.bench.post(&self.operator, &path, body).await
    }

    async fn letters(&self, request: &str) -> Value {
        let path = format!("/api/requests/{request}/letters");
        self.bench.get(&self.operator, &path).await.ok()
    }

    /// A file in the office's own folder.
    fn write_template(&self, name: &str, body: &str) {
        let folder = self.bench.folder.path().join("office/letters");
        std::fs::create_dir_all(&folder).unwrap();
        let head = "+++\nformat_version = 1\ntitle = \"Ours\"\nnote = \"Ours.\"\n+++\n";
        std::fs::write(folder.join(format!("{name}.md")), format!("{head}{body}")).unwrap();
    }
}

/// Goal: letters have the name and the letterhead of the settings, and warn of what is not set,
/// also that nobody signs. Controls: the lines of the office's folder count while the setting is
/// empty, and the warning goes once there is an address.
#[tokio::test]
async fn the_letterhead_of_the_settings_is_on_letters() {
    let mut office = office().await;
    std::fs::write(office.bench.folder.path().join("no-agency"), "").unwrap();
    office.bench = office.bench.again().await;
    let template = "{% if agency.name %}{{ agency.name }}{% endif %}: \
                    {% for line in agency.address %}{{ line }}; {% endfor %}";
    office.write_template("request-acknowledgement", template);
    let request = office.request().await;
    let preview = async |office: &Office| {
        let body = json!({ "kind": "acknowledgement", "text": "" });
        let shown = office.letter(id(&request), "/preview", body).await.ok();
        (words(&shown), shown["warnings"].to_string())
    };
    let (_, warnings) = preview(&office).await;
    for part in ["no name of the agency", "no address", "Nobody signs"] {
        assert!(warnings.contains(part), "{part}: {warnings}");
    }
    let file = office.bench.folder.path().join("office/office.toml");
    let text = "format_version = 1\n[letterhead]\nagency = \"Folder PD\"\n\
        address = [\"Folder St\"]\n[signatory]\nname = \"J. Doe\"\ntitle = \"Supervisor\"\n";
    std::fs::write(file, text).unwrap();
    let (text, warnings) = preview(&office).await;
    assert!(text.contains("Folder PD: Folder St;"), "{text}");
    assert_eq!(warnings, "[]");
    for (name, value) in [("name", "Elm PD"), ("letterhead", "1 Elm St\n\nElmville")] {
        office.set(name, value).await.ok();
    }
    let (text, _) = preview(&office).await;
    assert!(text.contains("Elm PD: 1 Elm St; Elmville;"), "{text}");
}

/// All words of a preview, in order.
pub(crate) fn words(preview: &Value) -> String {
    fn walk(value: &Value, all: &mut String) {
        match value {
            Value::Array(list) => list.iter().for_each(|one| walk(one, all)),
            Value::Object(object) => {
                if let Some(Value::String(text)) = object.get("text") {
                    all.push_str(text);
                    all.push(' ');
                }
                for key in ["text", "items", "header", "rows"] {
                    object.get(key).into_iter().for_each(|one| walk(one, all));
                }
            }
            _ => {}
        }
    }
    let mut all = String::new();
    walk(&preview["blocks"], &mut all);
    all
}

/// Where documents are written for a person to look at: `$REDACT_PAPERS`, if it is set.
pub(crate) fn show(name: &str, pdf: &[u8]) {
    if let Some(root) = std::env::var_os("REDACT_PAPERS") {
        std::fs::write(std::path::Path::new(&root).join(name), pdf).unwrap();
    }
}

fn id(made: &Value) -> &str {
    made["id"].as_str().unwrap()
}

/// Goal: an acknowledgement is previewed, made, sent and sent again: the same bytes, whatever
/// became of template and time; sending it records the date with the deadlines, and the log has its
/// digest and no typed text. Controls: a day before the letter was made, and its removal.
#[tokio::test]
async fn a_letter_is_made_once_and_sent_as_it_was() {
    let office = office().await;
    let oregon = json!({ "number": "OR-1", "jurisdiction": "us-or", "received_on": "2026-09-08",
        "requester": "Quill Nib" });
    let made = office.add_request(oregon).await;
    let request = id(&made);
    let body = json!({ "kind": "acknowledgement", "text": "First *one*.\n\nSecond." });
    let preview = office.letter(request, "/preview", body.clone()).await.ok();
    let text = words(&preview);
    for part in [
        "Quill Nib",
        "Request OR-1, received September 8, 2026",
        "First *one*.",
        "ORS 192",
    ] {
        assert!(text.contains(part), "{part}: {text}");
    }
    assert!(
        preview["warnings"][0]
            .as_str()
            .unwrap()
            .contains("no address. An administrator enters it in Settings")
    );
    let made = office.letter(request, "", body).await.ok();
    let place = format!("/api/requests/{request}/letters/{}", id(&made));
    let pdf = office
        .bench
        .get(&office.operator, &format!("{place}/pdf"))
        .await;
    assert!(pdf.bytes.starts_with(b"%PDF-1.7"));
    show("letter.pdf", &pdf.bytes);
    let listed = office.letters(request).await;
    let sha256 = redact_record::digest_bytes(&pdf.bytes).to_string();
    assert_eq!(listed["letters"][0]["sha256"], sha256);
    assert_eq!(listed["choices"].as_array().unwrap().len(), 7);

    office.bench.turn_clock(24 * 3600);
    office.write_template("request-acknowledgement", "Another text.");
    let again = office.bench.signed_in(&office.operator).await;
    let twice = office.bench.get(&again, &format!("{place}/pdf")).await;
    assert_eq!(twice.bytes, pdf.bytes, "the same to the byte");
    let send = async |on: &str| {
        let body = json!({ "to": "Quill Nib", "means": "email", "on": on });
        let path = format!("{place}/sends");
        office.bench.post(&again, &path, body).await
    };
    for wrong in ["2026-09-20", "2026-09-23", "soon"] {
        assert_eq!(send(wrong).await.json()["error"]["field"], "on", "{wrong}");
    }
    send("2026-09-21").await.ok();
    send("2026-09-22").await.ok();
    let shown = office
        .bench
        .get(&again, &format!("/api/requests/{request}"))
        .await
        .ok();
    let milestone = &shown["clock"]["milestones"][0];
    assert_eq!(milestone["done_on"], "2026-09-21", "the first time counts");
    let refused = office
        .bench
        .call(&again, Method::DELETE, &place, Value::Null)
        .await;
    assert_eq!(refused.code(), "sent");
    let log = office.log();
    assert!(
        log.contains(&sha256) && log.contains("letter-download"),
        "{log}"
    );
    assert!(!log.contains("Quill") && !log.contains("First"));
}

/// Goal: date, subject, text and signature are paragraphs of their own in every letter.
#[tokio::test]
async fn a_letter_has_paragraphs() {
    let office = office().await;
    let oregon = json!({ "number": "OR-1", "jurisdiction": "us-or", "received_on": "2026-09-08" });
    let made = office.add_request(oregon).await;
    let request = id(&made);
    let extension = json!({ "days": 5, "unit": "days", "reason": "Volume" });
    for (kind, begins) in [
        ("acknowledgement", "We received your request"),
        ("extension", "We need more time"),
        ("denial", "Your request is denied."),
        ("no_records", "We searched"),
    ] {
        let mut body = json!({ "kind": kind, "text": "Added." });
        if kind == "extension" {
            body["extension"] = extension.clone();
        }
        let preview = office.letter(request, "/preview", body).await.ok();
        let blocks = preview["blocks"].as_array().unwrap().iter();
        let paragraphs: Vec<String> = blocks
            .map(|block| words(&json!({ "blocks": [block] })).trim().to_owned())
            .collect();
        for own in [
            "Re: Request OR-1, received September 8, 2026",
            "Added.",
            "Sincerely,",
        ] {
            assert!(
                paragraphs.iter().any(|text| text == own),
                "{kind}: {own}: {paragraphs:?}"
            );
        }
        let starts = |text: &String| text.starts_with(begins);
        assert!(paragraphs.iter().any(starts), "{kind}: {paragraphs:?}");
    }
}

/// Goal: an extension letter moves the due date when it is sent, once, and says the new one before.
/// Control: making it moves nothing.
#[tokio::test]
async fn an_extension_letter_moves_the_due_date_when_it_is_sent() {
    let office = office().await;
    let federal = json!({ "number": "F-1", "jurisdiction": "us-federal",
        "received_on": "2026-09-08" });
    let made = office.add_request(federal).await;
    let request = id(&made);
    let bare = office
        .letter(request, "", json!({ "kind": "extension" }))
        .await;
    assert_eq!(bare.json()["error"]["field"], "days");
    let extension = json!({ "days": 10, "unit": "working_days", "reason": "Two field offices" });
    let body = json!({ "kind": "extension", "extension": extension });
    let preview = office.letter(request, "/preview", body.clone()).await.ok();
    let text = words(&preview);
    // Twenty working days from September 8 are October 6; ten more, without Columbus Day, October
    // 21.
    let expected = "due by October 21, 2026 instead of October 6, 2026";
    assert!(text.contains(expected), "{text}");
    assert!(text.contains("Two field offices"), "{text}");
    let made = office.letter(request, "", body).await.ok();
    assert_eq!(office.request_of(request).await["due_on"], "2026-10-06");
    let sends = format!("/{}/sends", id(&made));
    let sent = json!({ "to": "Requester", "means": "mail", "on": "2026-09-21" });
    for _ in 0..2 {
        office.letter(request, &sends, sent.clone()).await.ok();
    }
    let shown = office.request_of(request).await;
    assert_eq!(shown["due_on"], "2026-10-21");
    assert_eq!(shown["clock"]["extensions"].as_array().unwrap().len(), 1);
}

/// Goal: a template of the office takes the place of ours; a broken one names file and line, and
/// the letters that were made stay. Control: ours again once it is gone.
#[tokio::test]
async fn the_office_writes_its_own_templates() {
    let office = office().await;
    let made = office.add_request(json!({ "number": "1" })).await;
    let request = id(&made);
    let body = json!({ "kind": "no_records" });
    office.letter(request, "", body.clone()).await.ok();
    office.write_template("request-no-records", "Nothing for {{ request.number }}.");
    let preview = office.letter(request, "/preview", body.clone()).await.ok();
    assert_eq!(words(&preview).trim(), "Nothing for 1.");
    assert_eq!(preview["title"], "Ours");
    office.write_template("request-no-records", "Dear\n{{ nobody }}");
    let refused = office.letter(request, "/preview", body.clone()).await;
    assert_eq!(refused.code(), "papers");
    let message = refused.json()["error"]["message"]
        .as_str()
        .unwrap()
        .to_owned();
    assert!(
        message.contains("request-no-records\", line 7"),
        "{message}"
    );
    office.write_template("request-no-records", "{% if %}");
    let listed = office.letters(request).await;
    assert!(
        listed["problem"].as_str().unwrap().contains("line 6"),
        "{listed}"
    );
    assert_eq!(listed["letters"].as_array().unwrap().len(), 1);
    std::fs::remove_dir_all(office.bench.folder.path().join("office")).unwrap();
    let preview = office.letter(request, "/preview", body).await.ok();
    assert!(words(&preview).contains("found none"));
}

/// Goal: a denial says why and what the requester may do, and warns where no appeal is on file.
/// Control: without a reason there is no denial.
#[tokio::test]
async fn a_denial_has_its_reason_and_the_rights_of_the_requester() {
    let office = office().await;
    let minnesota = json!({ "number": "MN-1", "jurisdiction": "us-mn" });
    let made = office.add_request(minnesota).await;
    let request = id(&made);
    let denial = json!({ "kind": "denial" });
    let bare = office.letter(request, "/preview", denial.clone()).await;
    assert_eq!(bare.json()["error"]["field"], "text");
    let close = json!({ "disposition": "denied", "reason": "Active investigation" });
    let path = format!("/api/requests/{request}/close");
    office.bench.post(&office.operator, &path, close).await.ok();
    let preview = office.letter(request, "/preview", denial).await.ok();
    let text = words(&preview);
    for part in [
        "Reason for denial: Active investigation",
        "Minn. Stat. 13.072",
        "Your rights",
    ] {
        assert!(text.contains(part), "{part}: {text}");
    }
    let other = office
        .add_request(json!({ "number": "NV-1", "jurisdiction": "Nevada" }))
        .await;
    let body = json!({ "kind": "denial", "text": "None may be released." });
    let preview = office.letter(id(&other), "/preview", body).await.ok();
    let warnings = preview["warnings"].to_string();
    assert!(
        warnings.contains("No appeal rights are on file for Nevada"),
        "{warnings}"
    );
    assert!(!words(&preview).contains("Your rights"));
}

/// Goal: a partial denial lists what the manifests of the releases withhold, without the names of
/// recordings. Control: a request without a release has no such letter.
#[tokio::test]
async fn a_partial_denial_lists_what_is_withheld() {
    let office = office().await;
    let request = office.request().await["id"].as_str().unwrap().to_owned();
    let body = json!({ "kind": "partial_denial" });
    let early = office.letter(&request, "/preview", body.clone()).await;
    assert_eq!(early.code(), "no_releases");
    let release = office.verified(&office.review, json!({})).await;
    let folder = office
        .bench
        .folder
        .path()
        .join("data/releases")
        .join(&release);
    let files = std::fs::read_dir(folder)
        .unwrap()
        .map(|file| file.unwrap().path());
    let manifest = files
        .into_iter()
        .find(|path| path.to_str().unwrap().ends_with(".redacted.manifest.json"));
    let real = "../../fixtures/v0.1.0/clip.redacted.manifest.json";
    std::fs::copy(real, manifest.unwrap()).unwrap();
    let preview = office.letter(&request, "/preview", body).await.ok();
    let text = words(&preview);
    for part in [
        "5 U.S.C. 552(b)(7)(C)",
        "area of the picture",
        "We are releasing 1 recording",
    ] {
        assert!(text.contains(part), "{part}: {text}");
    }
    let cover = office
        .letter(&request, "/preview", json!({ "kind": "cover" }))
        .await
        .ok();
    let text = words(&cover);
    assert!(
        text.contains("Recording 1") && !text.contains("clip.mp4"),
        "{text}"
    );
}

/// Goal: auditors read letters and make none; an unsent letter can be removed; nothing is made for
/// practice. Control: the operator.
#[tokio::test]
async fn letters_have_their_limits() {
    let office = office().await;
    let made = office.add_request(json!({ "number": "1" })).await;
    let request = id(&made);
    let long = json!({ "kind": "cover", "text": "x".repeat(8001) });
    let refused = office.letter(request, "", long).await;
    assert_eq!(refused.json()["error"]["field"], "text");
    let body = json!({ "kind": "no_records" });
    let made = office.letter(request, "", body.clone()).await.ok();
    let place = format!("/api/requests/{request}/letters/{}", id(&made));
    let auditor = office
        .bench
        .invited(&office.admin, "uma", Role::Auditor)
        .await;
    let pdf = office.bench.get(&auditor, &format!("{place}/pdf")).await;
    assert!(pdf.bytes.starts_with(b"%PDF"));
    let gone = async || {
        let person = &office.operator;
        office
            .bench
            .call(person, Method::DELETE, &place, Value::Null)
            .await
    };
    gone().await.ok();
    assert_eq!(gone().await.status, StatusCode::NOT_FOUND);
    assert_eq!(office.letters(request).await["letters"], json!([]));
    let practice = office
        .bench
        .post(&office.operator, "/api/practice", json!({}))
        .await
        .ok();
    let practice = practice["request"].as_str().unwrap();
    assert_eq!(office.letter(practice, "", body).await.code(), "practice");
}

/// Goal: every value that a letter may say is described, and none is described in vain.
#[test]
fn the_values_of_letters_are_described() {
    let readme = include_str!("../../../../letters/README.md");
    let section = readme.split("## Letters about a request").nth(1).unwrap();
    let source = include_str!("../../src/domain/letters.rs");
    let fields = source.lines().filter_map(|line| {
        let rest = line
            .trim()
            .strip_prefix("pub(crate) ")
            .unwrap_or(line.trim());
        let (name, _) = rest.split_once(": ")?;
        let plain = name.bytes().all(|b| b.is_ascii_lowercase() || b == b'_');
        (plain && line.ends_with(',')).then_some(name)
    });
    let mut count = 0;
    for field in fields {
        let ways = [
            format!("`{field}`"),
            format!(".{field}`"),
            format!("`{field}."),
        ];
        let is_described = ways.iter().any(|way| section.contains(way));
        assert!(is_described, "{field} is not described");
        count += 1;
    }
    assert!(count > 30, "{count} fields");
}
