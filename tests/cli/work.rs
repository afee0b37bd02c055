//! A folder per test, and short ways to run the program and `ffmpeg` in it.

use std::path::{Path, PathBuf};
use std::process::{Child, Command, Output, Stdio};

use redact_core::{Digest, UtcNanos};
use redact_record::FileBinding;
use redact_record::sign::{KeyPair, Signed};
use serde_json::Value;

use crate::shared::skip_without;

/// A folder that goes away with the test, with keys of its own.
pub(crate) struct Work {
    dir: tempfile::TempDir,
}

/// The repository's root.
pub(crate) fn repository() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("../..")
        .canonicalize()
        .unwrap()
}

/// The ONNX Runtime library: the one that make names, or where set-up puts it.
fn runtime() -> PathBuf {
    let installed = || repository().join(".deps/onnxruntime/libonnxruntime.so");
    std::env::var_os("ORT_DYLIB_PATH").map_or_else(installed, PathBuf::from)
}

/// The folder with cards and weights, when every class that has weights in the repository or in a
/// package registry is there.
#[track_caller]
pub(crate) fn models() -> Option<PathBuf> {
    let folder = repository().join("models");
    let files = [
        "centerface.onnx",
        "retinaface_mnet025.onnx",
        "silero_vad_16k_op15.onnx",
    ];
    if let Some(missing) = files.iter().find(|file| !folder.join(file).exists()) {
        skip_without(&format!("models/{missing}"));
        return None;
    }
    Some(folder)
}

/// A policy that ships with the program.
pub(crate) fn policy(name: &str) -> String {
    repository()
        .join("policies")
        .join(name)
        .display()
        .to_string()
}

impl Work {
    pub(crate) fn new() -> Self {
        let work = Self {
            dir: tempfile::tempdir().unwrap(),
        };
        std::fs::create_dir(work.path("no-models")).unwrap();
        work
    }

    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.dir.path().join(name)
    }

    /// Runs `redact` in the folder, without any model.
    pub(crate) fn redact(&self, args: &[&str]) -> Run {
        self.redact_with_models(&self.path("no-models"), args)
    }

    /// Runs `redact` in the folder with more words in the environment.
    pub(crate) fn redact_with_words(&self, args: &[&str], words: &[(&str, &str)]) -> Run {
        let mut command = self.command(&self.path("no-models"), args);
        Run {
            output: command.envs(words.iter().copied()).output().unwrap(),
            args: args.iter().map(|arg| (*arg).to_owned()).collect(),
        }
    }

    /// Runs `redact` in the folder with the models in `models`.
    pub(crate) fn redact_with_models(&self, models: &Path, args: &[&str]) -> Run {
        let output = self.command(models, args).output().unwrap();
        Run {
            output,
            args: args.iter().map(|arg| (*arg).to_owned()).collect(),
        }
    }

    /// Approves `clip.findings.json` by the public policy, whatever was not looked for; gives the
    /// plan.
    #[track_caller]
    pub(crate) fn approve_findings(&self) -> Value {
        let policy = policy("public-release.toml");
        let mut args = vec![
            "approve",
            "clip.findings.json",
            "--policy",
            &policy,
            "--by",
            "Ada",
        ];
        for class in ["face", "plate", "screen"] {
            args.extend(["--accept-missing", class]);
        }
        self.redact(&args).expect_status(0);
        self.json("clip.plan.json")
    }

    /// Approves the plan that a person edited, as Ada.
    #[track_caller]
    pub(crate) fn approve_edited(&self, plan: &Value) {
        self.write_json("clip.plan.json", plan);
        self.redact(&["approve", "clip.plan.json", "--by", "Ada", "--force"])
            .expect_status(0);
    }

    /// Releases `clip` by the public policy, with models; the verdict must be `ok`.
    #[track_caller]
    pub(crate) fn run_public(&self, models: &Path, clip: &Path) {
        let (clip, policy) = (clip.display().to_string(), policy("public-release.toml"));
        let words = ["--policy", &policy, "--out-dir", ".", "--json"];
        let outcome = self
            .redact_with_models(models, &[&["run", clip.as_str()][..], &words[..]].concat())
            .expect_status(0)
            .json();
        assert_eq!(outcome["verdict"], "ok", "{outcome:#}");
    }

    /// Runs `redact` in the folder where no file may grow beyond some kilobytes.
    pub(crate) fn redact_with_small_files(&self, args: &[&str]) -> Run {
        self.redact_under(&["sh", "-c", "ulimit -f 20; exec \"$0\" \"$@\""], args)
    }

    /// Runs `redact` in the folder through another program, which gets `words` before it.
    pub(crate) fn redact_under(&self, words: &[&str], args: &[&str]) -> Run {
        let direct = self.command(&self.path("no-models"), args);
        let mut command = Command::new(words[0]);
        command
            .args(&words[1..])
            .arg(direct.get_program())
            .args(direct.get_args())
            .current_dir(self.dir.path())
            .stdin(Stdio::null());
        for (name, value) in direct.get_envs() {
            match value {
                Some(value) => command.env(name, value),
                None => command.env_remove(name),
            };
        }
        Run {
            output: command.output().unwrap(),
            args: args.iter().map(|arg| (*arg).to_owned()).collect(),
        }
    }

    /// Starts `redact` in the folder, without any model, and does not wait for it.
    pub(crate) fn spawn(&self, args: &[&str]) -> Child {
        let mut command = self.command(&self.path("no-models"), args);
        command
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap()
    }

    /// The same with more words in the environment.
    pub(crate) fn spawn_with_words(&self, args: &[&str], words: &[(&str, &str)]) -> Child {
        let mut command = self.command(&self.path("no-models"), args);
        command
            .envs(words.iter().copied())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap()
    }

    fn command(&self, models: &Path, args: &[&str]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_redact"));
        command
            .args(args)
            .current_dir(self.dir.path())
            .env("REDACT_HOME", self.path("keys"))
            .env("REDACT_MODELS", models)
            .env("ORT_DYLIB_PATH", runtime())
            .env_remove("REDACT_LOG")
            .env_remove("REDACT_KEY_PASSPHRASE")
            .env_remove("REDACT_NEW_KEY_PASSPHRASE")
            .stdin(Stdio::null());
        command
    }

    /// Decodes every stream of a file with `ffmpeg`, and gives what it warned of.
    #[track_caller]
    pub(crate) fn ffmpeg_warnings(&self, name: &str) -> String {
        let decode = Command::new("ffmpeg")
            .args(["-v", "warning", "-nostdin", "-i"])
            .arg(self.path(name))
            .args(["-map", "0", "-f", "null", "-"])
            .output()
            .unwrap();
        assert!(decode.status.success());
        String::from_utf8_lossy(&decode.stderr).into_owned()
    }

    /// Runs `ffmpeg` in the folder; it must succeed.
    #[track_caller]
    pub(crate) fn ffmpeg(&self, args: &str) {
        let output = Command::new("ffmpeg")
            .args(["-hide_banner", "-loglevel", "error", "-y", "-nostdin"])
            .args(args.split_whitespace())
            .current_dir(self.dir.path())
            .output()
            .expect("tests need the ffmpeg program; scripts/setup installs it");
        let said = String::from_utf8_lossy(&output.stderr);
        assert!(output.status.success(), "ffmpeg {args}: {said}");
    }

    /// A two-second clip with a test picture and a tone.
    pub(crate) fn clip(&self, name: &str) {
        self.ffmpeg(&format!(
            "-f lavfi -i testsrc2=size=320x240:rate=25:duration=2 \
             -f lavfi -i sine=frequency=440:duration=2 -c:v libx264 -preset ultrafast \
             -c:a aac -shortest {name}"
        ));
    }

    /// The agency's own key, which signs whatever a test forges.
    pub(crate) fn key(&self) -> KeyPair {
        KeyPair::load(&self.path("keys/redact.key"), None).unwrap()
    }

    /// What ties a manifest to the file `name`.
    pub(crate) fn binding(&self, name: &str) -> FileBinding {
        let go = &mut |_, _| std::ops::ControlFlow::Continue(());
        FileBinding::of_file(&self.path(name), go).unwrap()
    }

    /// Gives `release` the manifest of `clip.redacted.mp4`, bound to its bytes, changed by `edit`
    /// and signed with the agency's key: nothing is wrong with it but what it claims.
    pub(crate) fn forge(&self, release: &str, edit: impl FnOnce(&mut Value)) {
        let mut manifest = self.json("clip.redacted.manifest.json");
        let binding = self.binding(release);
        let part = |digest: &Digest| Value::from(digest.to_string());
        manifest["release"]["bytes"] = binding.bytes.into();
        manifest["release"]["sha256"] = part(&binding.sha256);
        manifest["release"]["merkle_root"] = part(&binding.merkle_root);
        manifest["release"]["part_bytes"] = binding.part_bytes.into();
        manifest["release"]["parts"] = binding.parts.iter().map(part).collect();
        edit(&mut manifest);
        let bytes = serde_json::to_vec_pretty(&manifest).unwrap();
        self.sign(
            &release.replace(".mp4", ".manifest.json"),
            &bytes,
            Signed::PublicManifest,
        );
    }

    /// Writes a record and the agency's signature of it.
    pub(crate) fn sign(&self, name: &str, bytes: &[u8], kind: Signed) {
        let signature = self.key().sign_bytes(bytes, kind, UtcNanos(0)).unwrap();
        std::fs::write(self.path(name), bytes).unwrap();
        std::fs::write(self.path(&format!("{name}.minisig")), signature).unwrap();
    }

    /// Puts `mutes` in the place of the plan's own, by Ada's decision.
    pub(crate) fn mute_only(plan: &mut Value, mutes: Value) {
        let own = std::mem::replace(&mut plan["mutes"], mutes);
        let kept = own.as_array().unwrap().iter().map(|mute| {
            serde_json::json!({
                "start_seconds": mute["start_seconds"], "end_seconds": mute["end_seconds"],
                "reason": "nothing-to-withhold", "by": "Ada", "at": "2026-03-01T08:00:00Z",
            })
        });
        if own.as_array().is_some_and(|own| !own.is_empty()) {
            plan["kept_speech"] = kept.collect();
        }
    }

    pub(crate) fn json(&self, name: &str) -> Value {
        serde_json::from_slice(&std::fs::read(self.path(name)).unwrap()).unwrap()
    }

    pub(crate) fn write_json(&self, name: &str, value: &Value) {
        std::fs::write(self.path(name), serde_json::to_vec_pretty(value).unwrap()).unwrap();
    }

    /// Names of the files in the folder, sorted.
    pub(crate) fn files(&self) -> Vec<String> {
        let entries = std::fs::read_dir(self.dir.path()).unwrap();
        let mut names: Vec<String> = entries
            .map(|entry| entry.unwrap())
            .filter(|entry| entry.path().is_file())
            .map(|entry| entry.file_name().into_string().unwrap())
            .collect();
        names.sort();
        names
    }
}

/// What the program did.
pub(crate) struct Run {
    output: Output,
    args: Vec<String>,
}

impl Run {
    pub(crate) fn stdout(&self) -> String {
        String::from_utf8(self.output.stdout.clone()).unwrap()
    }

    pub(crate) fn stderr(&self) -> String {
        String::from_utf8(self.output.stderr.clone()).unwrap()
    }

    pub(crate) fn status(&self) -> Option<i32> {
        self.output.status.code()
    }

    /// The one JSON document on standard output.
    #[track_caller]
    pub(crate) fn json(&self) -> Value {
        serde_json::from_str(&self.stdout())
            .unwrap_or_else(|error| panic!("{:?}: {error}: {}", self.args, self.stdout()))
    }

    #[track_caller]
    pub(crate) fn expect_status(self, status: i32) -> Self {
        let (out, err) = (self.stdout(), self.stderr());
        assert_eq!(self.status(), Some(status), "{:?}\n{out}\n{err}", self.args);
        self
    }

    /// The program failed with status 2, said `words` in its first line, and did not panic.
    #[track_caller]
    pub(crate) fn expect_refusal(self, words: &[&str]) -> Self {
        let run = self.expect_status(2);
        let said = run.stderr();
        let first = said.lines().next().unwrap_or_default();
        assert!(first.starts_with("redact: "), "{said}");
        for word in words {
            assert!(first.contains(word), "{word:?} is missing in: {said}");
        }
        run
    }
}
