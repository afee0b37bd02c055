//! The folder of a request in the watch folder.

use std::time::{Duration, SystemTime};

use axum::http::Method;
use serde_json::{Value, json};

use crate::office::{Office, office};

impl Office {
    /// Puts a file into the watch folder, as one that nobody writes any longer.
    fn put_watched(&self, name: &str, bytes: &[u8]) {
        let path = self.bench.folder.path().join("inbox").join(name);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(&path, bytes).unwrap();
        let old = SystemTime::UNIX_EPOCH + Duration::from_secs(1_700_000_000);
        let file = std::fs::File::options().write(true).open(path).unwrap();
        file.set_modified(old).unwrap();
    }

    async fn watch(&self, method: Method, request: &str) -> Value {
        let path = format!("/api/requests/{request}/watch");
        self.bench
            .call(&self.operator, method, &path, Value::Null)
            .await
            .ok()
    }
}

/// Goal: files in the folder of a request are added to it, each once, and one that cannot be is
/// named. Controls: a file beside the folder, a hidden one, the same file once more, an end.
#[tokio::test]
async fn files_in_the_folder_of_a_request_are_added() {
    let office = office().await;
    let made = office.add_request(json!({ "number": "PR/7" })).await;
    let id = made["id"].as_str().unwrap();
    let begun = office.watch(Method::PUT, id).await;
    assert_eq!(
        (&begun["folder"], &begun["added"]),
        (&json!("PR_7"), &json!(0))
    );
    office.put_watched("PR_7/cam/a.mp4", b"one");
    office.put_watched("PR_7/.b.mp4", b"hidden");
    office.put_watched("c.mp4", b"beside");
    let large = vec![0; (20 << 20) + 1];
    office.put_watched("PR_7/large.mp4", &large);
    let found = office.watch(Method::PUT, id).await;
    assert_eq!(
        (&found["added"], &found["refused"][0]["name"]),
        (&json!(1), &json!("PR_7/large.mp4"))
    );
    office.watch(Method::PUT, id).await;
    let recordings = office.request_of(id).await["recordings"].clone();
    assert_eq!(
        recordings.as_array().unwrap().len(),
        1,
        "each is added once"
    );
    assert_eq!(
        (&recordings[0]["name"], &recordings[0]["added_by"]),
        (&json!("a.mp4"), &json!("oli Person"))
    );
    let ended = office.watch(Method::DELETE, id).await;
    assert_eq!(ended["folder"], Value::Null);
    assert!(
        office
            .bench
            .folder
            .path()
            .join("inbox/PR_7/cam/a.mp4")
            .exists(),
        "it stays there"
    );
}

/// Goal: two numbers that look the same as folders have two folders. Control: a closed request has
/// none.
#[tokio::test]
async fn requests_do_not_share_a_folder() {
    let office = office().await;
    let one = office.add_request(json!({ "number": "A/1" })).await;
    let two = office.add_request(json!({ "number": "A:1" })).await;
    let id = |made: &Value| made["id"].as_str().unwrap().to_owned();
    assert_eq!(office.watch(Method::PUT, &id(&one)).await["folder"], "A_1");
    let other = office.watch(Method::PUT, &id(&two)).await;
    assert!(
        other["folder"].as_str().unwrap().starts_with("A_1 "),
        "{other}"
    );
    let close = format!("/api/requests/{}/close", id(&one));
    let withdrawn = json!({ "disposition": "withdrawn" });
    office
        .bench
        .post(&office.operator, &close, withdrawn)
        .await
        .ok();
    let path = format!("/api/requests/{}/watch", id(&one));
    let closed = office
        .bench
        .call(&office.operator, Method::PUT, &path, Value::Null)
        .await;
    assert_eq!(closed.code(), "closed");
}
