//! Who viewed what: every way to see something of a recording is in the event log.

use axum::body::Body;
use axum::http::{Method, header};
use redact_desk::{Role, route_table};
use serde_json::{Value, json};

use crate::bench::{Bench, Person};
use crate::office::{Office, office};

/// Every `GET` below a recording, a review, a job or a release, and the word that the log has for
/// what it shows; `-` shows nothing of a recording's content. `download` is an entry of its own.
const SHOWN: &str = "
-          /api/recordings/{id}
-          /api/recordings/{id}/timeline
tracks     /api/recordings/{id}/tracks
video      /api/recordings/{id}/proxy
waveforms  /api/recordings/{id}/waveform/{track}
thumbnails /api/recordings/{id}/thumbnails/{track}
thumbnails /api/recordings/{id}/thumbnails/{track}/worst
pictures   /api/recordings/{id}/frames/{frame}
-          /api/recordings/{id}/views
reviews    /api/reviews/{id}
transcripts /api/reviews/{id}/transcript
-          /api/reviews/{id}/revisions
reviews    /api/reviews/{id}/revisions/{revision}
-          /api/reviews/{id}/summary
reviews    /api/reviews/{id}/sheet
-          /api/reviews/{id}/comments
-          /api/reviews/{id}/named
-          /api/reviews/{id}/reasons
-          /api/reviews/{id}/differences/{other}
previews   /api/reviews/{id}/preview/{frame}
-          /api/reviews/{id}/clip
-          /api/jobs
-          /api/jobs/{id}
previews   /api/jobs/{id}/clip
-          /api/releases
-          /api/releases/{id}
-          /api/releases/{id}/differences/{other}
download   /api/releases/{id}/files/{kind}
-          /api/releases/{id}/copies
";

fn entries(bench: &Bench, what: &str) -> Vec<Value> {
    let text = std::fs::read_to_string(bench.folder.path().join("events.jsonl")).unwrap();
    let lines = text
        .lines()
        .map(|line| serde_json::from_str::<Value>(line).unwrap());
    lines.filter(|entry| entry["what"] == what).collect()
}

fn detail(entry: &Value, wanted: &str) -> Value {
    let details = entry["details"].as_array().unwrap();
    let found = details.iter().find(|detail| detail[0] == wanted);
    found.map_or(Value::Null, |detail| detail[1].clone())
}

fn spans(entry: &Value) -> Vec<String> {
    let details = entry["details"].as_array().unwrap().iter();
    let spans = details.filter(|detail| detail[0].as_str().unwrap().starts_with("span-"));
    spans
        .map(|detail| detail[1].as_str().unwrap().to_owned())
        .collect()
}

async fn sign_out(bench: &Bench, person: &Person) {
    bench
        .call(person, Method::DELETE, "/api/session", json!({}))
        .await
        .ok();
}

/// The person with another session.
async fn again(bench: &Bench, person: &Person) -> Person {
    bench.turn_clock(60);
    let answered = bench.sign_in(person).await;
    Person {
        cookie: crate::bench::cookie(&answered),
        ..person.clone()
    }
}

struct Made {
    release: String,
    clip: String,
}

/// A release, and a preview's clip.
async fn made(office: &Office) -> Made {
    let bench = &office.bench;
    let revision = office.decide(&office.review).await;
    bench
        .approve(&office.approver, &office.review, revision)
        .await
        .ok();
    let release = office.release(&office.review).await.ok()["id"].clone();
    let release = release.as_str().unwrap().to_owned();
    let path = format!("/api/releases/{release}");
    bench
        .until(&office.operator, &path, |r| r["state"] == "ready")
        .await;
    let path = format!("/api/reviews/{}/preview", office.review);
    let body = json!({ "revision": revision, "start": 3, "end": 9 });
    let clip = bench.post(&office.operator, &path, body).await.ok()["id"].clone();
    let clip = clip.as_str().unwrap().to_owned();
    let path = format!("/api/jobs/{clip}");
    bench
        .until(&office.operator, &path, |job| job["state"] == "done")
        .await;
    Made { release, clip }
}

/// Goal: whatever is shown of a recording, to whomever, leaves an entry with the person, the
/// recording and what it was; what shows nothing leaves none.
/// Method: every such route as every role, in a session of its own, which then ends.
#[tokio::test]
#[allow(clippy::too_many_lines, reason = "one case after the other")]
async fn every_view_and_download_is_in_the_log() {
    let office = office().await;
    let bench = &office.bench;
    let made = made(&office).await;
    bench.write_timeline(&office.recording);
    let auditor = bench.invited(&office.admin, "uma", Role::Auditor).await;
    let listed: Vec<(&str, &str)> = SHOWN
        .trim()
        .lines()
        .map(|line| {
            let mut words = line.split_whitespace();
            (words.next().unwrap(), words.next().unwrap())
        })
        .collect();
    for route in route_table() {
        if route.method != Method::GET {
            continue;
        }
        let below = ["recordings", "reviews", "jobs", "releases"];
        let below = below
            .iter()
            .any(|b| route.path.starts_with(&format!("/api/{b}")));
        let is_listed = listed.iter().any(|(_, path)| *path == route.path);
        assert_eq!(below, is_listed, "{}", route.path);
    }
    let people = [&office.operator, &office.approver, &auditor, &office.admin];
    for person in people {
        sign_out(bench, person).await;
    }
    for person in people {
        for (word, path) in &listed {
            let person = again(bench, person).await;
            let place = match path.split('/').nth(2).unwrap() {
                "recordings" => &office.recording,
                "reviews" => &office.review,
                "jobs" => &made.clip,
                _ => &made.release,
            };
            let mut path = path.replace("{id}", place);
            for (key, value) in [
                ("{track}", if path.contains("waveform") { "0" } else { "1" }),
                ("{frame}", "4"),
                ("{revision}", "1"),
                ("{other}", place),
                ("{kind}", "release"),
            ] {
                path = path.replace(key, value);
            }
            let views = entries(bench, "view").len();
            let downloads = entries(bench, "export").len();
            let answered = bench.get(&person, &path).await;
            sign_out(bench, &person).await;
            let new = entries(bench, "view").split_off(views);
            let taken = entries(bench, "export").len() - downloads;
            let ok = answered.status.is_success();
            let viewed = ok && !["-", "download"].contains(word);
            assert_eq!(new.len(), usize::from(viewed), "{path}: {new:?}");
            assert_eq!(taken, usize::from(ok && *word == "download"), "{path}");
            if let [entry] = &new[..] {
                assert_eq!(detail(entry, word), 1, "{path}: {entry}");
                assert_eq!(detail(entry, "recording"), office.recording);
                assert!(entry["who"].as_str().unwrap().starts_with(&person.login));
                let source = crate::fake_jobs::found().source.digest.to_string();
                assert_eq!(entry["subjects"][0], json!(["source", source]));
            }
            let may = person.login == "oli" || person.login == "pat";
            assert!(
                ok || !may,
                "{path} as {}: {}",
                person.login,
                answered.status
            );
        }
    }
}

/// Goal: a session is one entry for each recording, with the frames that were sent and no others.
#[tokio::test]
async fn a_session_is_one_entry_with_its_spans() {
    let office = office().await;
    let bench = &office.bench;
    let path = format!("/api/recordings/{}", office.recording);
    let folder = bench
        .folder
        .path()
        .join("data/recordings")
        .join(&office.recording);
    let timeline = json!({ "frames": 30, "num": 1, "den": 10, "runs": [[30, 1]] });
    std::fs::write(folder.join("timeline.json"), timeline.to_string()).unwrap();
    std::fs::write(folder.join("proxy.mp4"), vec![0; 3000]).unwrap();
    let viewer = again(bench, &office.operator).await;
    // A range of the proxy: bytes 0 to 199 of 3000 are the first two frames of 30.
    for range in ["bytes=0-199", "bytes=100-199"] {
        let request = Bench::request(&viewer, Method::GET, &format!("{path}/proxy"))
            .header(header::RANGE, range);
        let answered = bench.send(request.body(Body::empty()).unwrap()).await;
        assert_eq!(answered.status, 206);
    }
    bench.get(&viewer, &format!("{path}/frames/25")).await;
    for thumbnail in ["1", "1", "1/worst"] {
        let thumbnail = format!("{path}/thumbnails/{thumbnail}");
        bench.get(&viewer, &thumbnail).await;
    }
    assert!(entries(bench, "view").is_empty(), "the session goes on");
    let shown = bench.get(&viewer, &format!("{path}/views")).await.ok();
    assert_eq!(shown[0]["spans"], json!([[0, 2], [25, 26]]));
    assert_eq!(shown[0]["seconds"], json!([[0.0, 0.2], [2.5, 2.6]]));
    assert_eq!(shown[0]["open"], true);
    sign_out(bench, &viewer).await;
    let written = entries(bench, "view");
    assert_eq!(written.len(), 1);
    assert_eq!(spans(&written[0]), ["0.000-0.200-s", "2.500-2.600-s"]);
    assert_eq!(detail(&written[0], "video"), 2);
    assert_eq!(detail(&written[0], "thumbnails"), 3);
    assert_eq!(detail(&written[0], "frames"), 3);
    let shown = bench.get(&office.approver, &format!("{path}/views")).await;
    assert_eq!(shown.ok()[0]["open"], false);
}

/// Goal: a session that is not signed out of is an entry as well: when it was idle for too long,
/// when an administrator ends it, when the desk stops.
#[tokio::test]
async fn however_a_session_ends_it_is_an_entry() {
    let office = office().await;
    let bench = &office.bench;
    let picture = format!("/api/recordings/{}/frames/1", office.recording);
    let first = again(bench, &office.operator).await;
    bench.get(&first, &picture).await;
    bench.turn_clock(31 * 60);
    // Whatever ends another session writes what is over.
    let other = again(bench, &office.approver).await;
    sign_out(bench, &other).await;
    assert_eq!(entries(bench, "view").len(), 1, "idle");
    let second = again(bench, &office.operator).await;
    bench.get(&second, &picture).await;
    let admin = again(bench, &office.admin).await;
    let path = format!("/api/users/{}", office.operator.id);
    let body = json!({ "active": false });
    bench.call(&admin, Method::PATCH, &path, body).await.ok();
    assert_eq!(entries(bench, "view").len(), 2, "ended by somebody else");
    let third = again(bench, &office.approver).await;
    bench.get(&third, &picture).await;
    let bench = office.bench.again().await;
    assert_eq!(entries(&bench, "view").len(), 3, "the desk stopped");
}

/// Goal: what a crash left in the database is an entry after the next start, once.
#[tokio::test]
async fn a_crash_takes_nothing_back() {
    let office = office().await;
    let bench = &office.bench;
    let viewer = again(bench, &office.operator).await;
    let picture = format!("/api/recordings/{}/frames/1", office.recording);
    bench.get(&viewer, &picture).await;
    // A copy of the folder as it is this moment, without the desk being closed.
    let reopened = bench.open_again().await.unwrap();
    let written = entries(bench, "view");
    assert_eq!(written.len(), 1);
    assert_eq!(detail(&written[0], "pictures"), 1);
    reopened.close().await;
    assert_eq!(entries(bench, "view").len(), 1);
}
