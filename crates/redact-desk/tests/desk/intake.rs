//! What is known of a request and its recordings besides the work: entered, imported from a
//! spreadsheet, and taken up by the sealed manifest.

use axum::http::Method;
use redact_record::manifest::read_request;
use serde_json::{Value, json};

use crate::bench::Answered;
use crate::office::{Office, office};

impl Office {
    async fn import(&self, what: &str, text: &str, more: Value) -> Answered {
        let mut body = json!({
            "text": text, "requester_kind": "public", "jurisdiction": "us-ca",
            "received_on": "2026-09-20",
        });
        for (key, value) in more.as_object().unwrap() {
            body[key] = value.clone();
        }
        let path = format!("/api/imports{what}");
        self.bench.post(&self.operator, &path, body).await
    }
}

/// Goal: details of request and recording are in the sealed part of what a release is made from,
/// and every change is in the history. Controls: the public part, a wrong value.
#[tokio::test]
async fn details_reach_the_sealed_manifest() {
    let office = office().await;
    let request = office.request().await;
    let details = json!({
        "case_number": "26-77", "incident_on": "2026-08-30", "officer": "A. Reyes",
        "written_basis": "Court order 12",
    });
    let edited = office
        .edit(&request["id"], json!({ "details": details }))
        .await
        .ok();
    assert_eq!(edited["details"]["case_number"], "26-77");
    let path = format!("/api/recordings/{}/details", office.recording);
    let put = async |body: Value| {
        office
            .bench
            .call(&office.operator, Method::PUT, &path, body)
            .await
    };
    put(json!({ "evidence_id": "E-9", "recorded_start": "2026-08-30 14:05" }))
        .await
        .ok();
    let wrong = put(json!({ "pre_event_seconds": "many" })).await;
    assert_eq!(wrong.json()["error"]["field"], "details.pre_event_seconds");
    let wrong = office
        .edit(&request["id"], json!({ "details": { "policy": "none" } }))
        .await;
    assert_eq!(wrong.json()["error"]["field"], "details.policy");
    let history = office.request().await["history"].clone();
    assert_eq!(history[0]["action"], "details-changed");
    assert_eq!(history[1]["changes"][0]["to"], "26-77");
    assert!(
        !office.log().contains("26-77"),
        "no typed text is in the log"
    );
    office.verified(&office.review, json!({})).await;
    let task = office.bench.jobs.renders.lock().unwrap()[0].clone();
    let file = read_request(&task.request).unwrap();
    assert_eq!(file.request.case_number.as_deref(), Some("26-77"));
    assert_eq!(file.request.evidence_id.as_deref(), Some("E-9"));
    assert_eq!(
        file.request.written_basis.as_deref(),
        Some("Court order 12")
    );
    let public = format!("{:?}", file.terms);
    assert!(
        !public.contains("26-77") && !public.contains("E-9"),
        "{public}"
    );
}

/// Goal: the first review of a recording follows the policy that the request names. Control: the
/// office's own one without it.
#[tokio::test]
async fn the_first_review_follows_the_policy_of_the_request() {
    let office = office().await;
    for (number, policy, expected) in [
        ("1", "two-people", "two-people"),
        ("2", "", "public-release"),
    ] {
        let body = json!({ "number": number, "details": { "policy": policy } });
        let made = office.add_request(body).await;
        let id = made["id"].as_str().unwrap();
        let recording = office
            .bench
            .upload(&office.operator, id, number.as_bytes())
            .await;
        let path = format!("/api/recordings/{}", recording["id"].as_str().unwrap());
        let shown = office
            .bench
            .until(&office.operator, &path, |shown| {
                shown["reviews"][0].is_object()
            })
            .await;
        assert_eq!(shown["reviews"][0]["policy_name"], expected);
    }
}

/// Goal: the same file a second time lists nothing twice, whether its recordings are expected or
/// present, and a cell that does not end hides no line. Controls: another recording, and a column
/// without values, which nobody misses.
#[tokio::test]
async fn nothing_is_listed_twice_or_lost() {
    let office = office().await;
    let text = "Number,Evidence ID,File,Type\n2026-17,E-8,new.mp4,\n2026-17,,Clip.MP4,\n";
    let shown = office.import("/preview", text, json!({})).await.ok();
    let error = |shown: &Value, at: usize| shown["lines"][at]["errors"][0].to_string();
    assert!(error(&shown, 1).contains("listed for the request already"));
    assert_eq!(
        (&shown["wrong"], &shown["left_out"]),
        (&json!(1), &json!([]))
    );
    let text = "Number,Evidence ID,File\n2026-17,E-8,new.mp4\n";
    assert_eq!(office.import("", text, json!({})).await.status, 204);
    let again = office.import("/preview", text, json!({})).await.ok();
    assert!(error(&again, 0).contains("listed for the request already"));
    let other = text.replace("E-8,new", "E-9,newer");
    let other = office.import("/preview", &other, json!({})).await.ok();
    assert_eq!(
        (&other["wrong"], &other["recordings"]),
        (&json!(0), &json!(1))
    );
    let text = "Number,Note\nI-2,\"abc\nI-3,def";
    let shown = office.import("/preview", text, json!({})).await.ok();
    assert_eq!(shown["wrong"], 1, "{shown}");
    assert!(error(&shown, 0).contains("Line 2: A cell begins"));
    assert_eq!(office.import("", text, json!({})).await.code(), "refused");
}

/// Goal: a spreadsheet is shown as it would be entered, and then entered whole: two requests, one
/// of them with two recordings, and one more recording for a request that exists. A file that is
/// added later gets what its line says.
#[tokio::test]
async fn a_spreadsheet_becomes_requests() {
    let office = office().await;
    let text = "Request No.;Requester;Received;Case #;Evidence ID;File name;Weather\r\n\
                R-1;\"Daily; News\";9/18/2026;26-1;E-1;clip.mp4;sun\r\n\
                R-1;\"Daily; News\";9/18/2026;26-1;E-2;other.mp4;\r\n\
                R-2;;;;;;\r\n\
                2026-17;;;;E-3;third.mp4;\r\n";
    let shown = office.import("/preview", text, json!({})).await.ok();
    assert_eq!(
        (&shown["requests"], &shown["recordings"]),
        (&json!(2), &json!(3))
    );
    assert_eq!(
        (&shown["wrong"], &shown["mapping"][6]),
        (&json!(0), &json!(""))
    );
    assert_eq!(shown["lines"][3]["existing"], true);
    assert_eq!(shown["left_out"], json!(["Weather"]));
    let queue = office.bench.get(&office.operator, "/api/queue").await.ok();
    assert_eq!(queue["total"], 1, "a preview enters nothing");
    let entered = office.import("", text, json!({})).await;
    assert_eq!(entered.status, 204);
    let found = office
        .bench
        .get(&office.operator, "/api/requests?search=R-1")
        .await
        .ok();
    let request = &found[0];
    assert_eq!(
        (
            &request["requester"],
            &request["received_on"],
            &request["details"]["case_number"]
        ),
        (&json!("Daily; News"), &json!("2026-09-18"), &json!("26-1"))
    );
    let id = request["id"].as_str().unwrap();
    assert_eq!(
        office.request_of(id).await["expected"]
            .as_array()
            .unwrap()
            .len(),
        2
    );
    let added = office.bench.upload(&office.operator, id, b"frames").await;
    assert_eq!(added["details"]["evidence_id"], "E-1");
    let left = office.request_of(id).await["expected"].clone();
    assert_eq!(
        (left.as_array().unwrap().len(), &left[0]["name"]),
        (1, &json!("other.mp4"))
    );
    let path = format!(
        "/api/requests/{id}/expected/{}",
        left[0]["id"].as_str().unwrap()
    );
    office
        .bench
        .call(&office.operator, Method::DELETE, &path, Value::Null)
        .await
        .ok();
    assert_eq!(office.request_of(id).await["expected"], json!([]));
    assert!(office.log().contains("\"imported\""));
}

/// Goal: what is wrong is named by its line, and then nothing at all is entered. Controls: the
/// right lines beside it; another mapping.
#[tokio::test]
async fn a_wrong_line_stops_the_whole_import() {
    let office = office().await;
    let text = "Number,Received,File\nA,2026-09-18,a.mp4\nB,soon,b.mp4\nC,2027-01-01,c.mp4\n\
                A,2026-09-17,d.mp4\n2026-17,,\n,,e.mp4\nD,2026-09-18\n";
    let shown = office.import("/preview", text, json!({})).await.ok();
    let wrong: Vec<(u64, String)> = shown["lines"]
        .as_array()
        .unwrap()
        .iter()
        .filter_map(|line| {
            Some((
                line["line"].as_u64()?,
                line["errors"][0].as_str()?.to_owned(),
            ))
        })
        .collect();
    let lines: Vec<u64> = wrong.iter().map(|(line, _)| *line).collect();
    assert_eq!(lines, [3, 4, 5, 6, 7, 8], "{wrong:?}");
    assert!(wrong[0].1.contains("\"soon\" is not a date"));
    assert!(wrong[1].1.contains("in the future"));
    assert!(wrong[2].1.contains("other values"));
    assert_eq!(office.import("", text, json!({})).await.code(), "refused");
    let queue = office.bench.get(&office.operator, "/api/queue").await.ok();
    assert_eq!(queue["total"], 1);
    let mapping = json!({ "mapping": ["number", "number", ""] });
    let shown = office.import("/preview", text, mapping).await.ok();
    assert!(shown["problem"].as_str().unwrap().contains("Two columns"));
    let empty = office.import("/preview", "", json!({})).await;
    assert_eq!(empty.json()["error"]["field"], "text");
}

/// Goal: a word of the file for a type of requester that is not known is listed, and enters what a
/// person says that it means. Controls: without that, nothing is entered; a known word is not
/// listed.
#[tokio::test]
async fn a_person_says_what_types_of_requesters_mean() {
    let office = office().await;
    let text = "Number,Requester type\nA,Resident\nB,Media\nC,Resident\n";
    let shown = office.import("/preview", text, json!({})).await.ok();
    assert_eq!(shown["unknown_kinds"], json!(["Resident"]));
    assert_eq!(shown["wrong"], 2);
    assert_eq!(office.import("", text, json!({})).await.code(), "refused");
    let kinds = json!({ "requester_kinds": { "Resident": "public", "Media": "attorney" } });
    let shown = office.import("/preview", text, kinds.clone()).await.ok();
    assert_eq!(shown["wrong"], 0, "{shown}");
    office.import("", text, kinds).await.ok();
    let list = office
        .bench
        .get(&office.operator, "/api/requests")
        .await
        .ok();
    let kind = |number: &str| {
        let all = list.as_array().unwrap();
        let found = all.iter().find(|one| one["number"] == number);
        found.unwrap()["requester_kind"].clone()
    };
    assert_eq!(
        [kind("A"), kind("B"), kind("C")],
        ["public", "attorney", "public"]
    );
}

/// Goal: a template is the same for everybody and has only what the desk knows. Controls: a name
/// that is taken, a law and a policy that are unknown.
#[tokio::test]
async fn templates_are_for_everybody() {
    let office = office().await;
    let add = async |body: Value| {
        office
            .bench
            .post(&office.operator, "/api/templates", body)
            .await
    };
    let values = json!({ "requester_kind": "court", "jurisdiction": "us-wa",
        "details": { "policy": "two-people" } });
    let body = json!({ "name": "Court order", "values": values });
    let made = add(body.clone()).await.ok();
    assert_eq!(add(body).await.code(), "name_taken");
    let list = office
        .bench
        .get(&office.approver, "/api/templates")
        .await
        .ok();
    assert_eq!(list[0]["values"]["details"]["policy"], "two-people");
    for (values, field) in [
        (
            json!({ "requester_kind": "court", "jurisdiction": "us-zz" }),
            "values.jurisdiction",
        ),
        (
            json!({ "requester_kind": "court", "details": { "policy": "x" } }),
            "details.policy",
        ),
    ] {
        let wrong = add(json!({ "name": "x", "values": values })).await;
        assert_eq!(wrong.json()["error"]["field"], field);
    }
    let path = format!("/api/templates/{}", made["id"].as_str().unwrap());
    office
        .bench
        .call(&office.approver, Method::DELETE, &path, Value::Null)
        .await
        .ok();
    let list = office
        .bench
        .get(&office.approver, "/api/templates")
        .await
        .ok();
    assert_eq!(list, json!([]));
}
