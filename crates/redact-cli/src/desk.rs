//! `redact desk`: the release desk, whose jobs are processes of this very program.

mod backup;
mod confined;
mod follow;
mod jobs;
#[cfg_attr(not(feature = "queue"), path = "desk/machines_none.rs")]
mod machines;
mod package;
mod picture;
mod prepare;
mod preview;
mod proxy;
mod recorded_at;
mod remedy;
mod spec;
pub(crate) mod task;
mod thumbnails;

pub(crate) use spec::Spec;

use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use anyhow::{Context as _, Result};
use redact_desk::{Certificate, Desk, Listen, MailConfig, Options, ProviderConfig};
use redact_record::sign::Signed;
use redact_release::package::BUILT_IN_PROFILES;

use crate::args::{DeskArgs, DeskCommand, GlobalArgs};
use crate::clock::now;
use crate::event_log::{self, Recorder};
use crate::outcome::Outcome;
use crate::package::TRANSMITTALS;
use crate::terminal::say;
use crate::{host, key, limits, paths, progress};

const GIGABYTE: u64 = 1_000_000_000;

/// Serves until a person stops it.
///
/// # Errors
/// When the data folder or the address cannot be used.
pub(crate) fn desk(args: &DeskArgs, global: &GlobalArgs) -> Result<Outcome> {
    limits::write_for_owner_alone();
    match &args.command {
        Some(DeskCommand::Backup(args)) => return backup::backup(args, global),
        Some(DeskCommand::Restore(args)) => return backup::restore(args, global),
        None => {}
    }
    limits::raise_open_files();
    let listen = listen(args);
    let listener = listen.bind()?;
    let address = listener.local_addr().context("cannot listen")?;
    let options = options(args, global, address.port(), listen.certificate.is_some())?;
    let folder = options.folder.clone();
    let hosts = options.hosts.clone();
    let scheme = if options.tls { "https" } else { "http" };
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .build()
        .context("cannot start threads")?;
    runtime.block_on(async {
        let desk = Desk::open(options)
            .await
            .with_context(|| folder.display().to_string())?;
        let here = format!("{scheme}://{}/", hosts[0]);
        say(&format!("the desk is open: {here}"));
        if let Some(token) = desk.setup_token().await? {
            say(&format!(
                "create the administrator account: {here}#/welcome/{token}"
            ));
        }
        desk.serve(listener, &listen, interrupted()).await?;
        Ok(Outcome::Done)
    })
}

/// Done when a person asks this process to stop.
async fn interrupted() {
    while !progress::interrupted() {
        tokio::time::sleep(Duration::from_millis(200)).await;
    }
}

fn listen(args: &DeskArgs) -> Listen {
    let own = || {
        let mut names: Vec<String> = args.host.iter().map(|name| name_and_port(name).0).collect();
        names.extend(["localhost".to_owned(), args.listen.ip().to_string()]);
        Certificate::Own { names }
    };
    let certificate = match (&args.cert, &args.cert_key) {
        (Some(chain), Some(key)) => Some(Certificate::Given {
            chain: chain.clone(),
            key: key.clone(),
        }),
        _ if args.tls || !args.listen.ip().is_loopback() => Some(own()),
        _ => None,
    };
    Listen {
        address: args.listen,
        certificate,
    }
}

/// Where the files of shared work are, as an administrator finds them again.
fn queue_store(args: &DeskArgs) -> Option<String> {
    let store = paths::queue_store(args.on_queue.place()?.store.as_deref()).ok()?;
    if store.contains("://") {
        return Some(store);
    }
    let folder = std::path::absolute(&store);
    Some(folder.map_or(store, |folder| folder.display().to_string()))
}

fn options(args: &DeskArgs, global: &GlobalArgs, port: u16, tls: bool) -> Result<Options> {
    let folder = match &args.data {
        Some(folder) => folder.clone(),
        None => paths::desk_data()?,
    };
    let log = event_log::open_log(&event_log::file(global)?)?;
    let policies = paths::policies_dir(args.policies.as_deref())?;
    let trusted = paths::trusted_keys()?;
    let verifier = verifier(args)?;
    let jobs = jobs::Children::new(args, global, log.path(), verifier.as_deref())?;
    Ok(Options {
        folder,
        policies,
        profiles: redact_desk::Profiles {
            built_in: &BUILT_IN_PROFILES,
            own: paths::office()?.join(TRANSMITTALS),
        },
        office: paths::office()?,
        verifier,
        trusted,
        vouch: vouch(global, log.path())?,
        sign_export: sign(args, global, log.path(), Signed::EventLog),
        sign_disposal: sign(args, global, log.path(), Signed::Disposal),
        caches: vec![paths::segment_cache()?],
        queue_store: queue_store(args),
        agency: args.agency.clone(),
        provider: provider(args)?,
        mail: args.mail.as_deref().map(MailConfig::read).transpose()?,
        watch: args.watch.clone(),
        time_zone: args.time_zone.clone(),
        law: args.law.clone(),
        hosts: hosts(args, port),
        tls,
        upload_bytes_max: args.upload_max.saturating_mul(GIGABYTE),
        clock: Arc::new(now),
        event_log: redact_desk::EventLogConfig {
            log,
            program: event_log::PROGRAM.to_owned(),
            machine: host::user_at_machine(),
        },
        jobs: Arc::new(jobs),
        machines: machines::machines(&args.on_queue)?,
    })
}

/// The identity provider, if one is configured.
fn provider(args: &DeskArgs) -> Result<Option<ProviderConfig>> {
    let file = args.single_sign_on.as_deref();
    Ok(file.map(ProviderConfig::read).transpose()?)
}

/// The given `verify.html`, or the one that was built, if there is one.
fn verifier(args: &DeskArgs) -> Result<Option<PathBuf>> {
    let Some(given) = &args.verifier else {
        return Ok(paths::verifier());
    };
    let found = given.canonicalize();
    let found = found.with_context(|| format!("--verifier {}", given.display()))?;
    Ok(Some(found))
}

/// Vouches for approvers with the release key, which is read for that alone, and made if there is
/// none.
fn vouch(global: &GlobalArgs, log: &std::path::Path) -> Result<redact_desk::Vouch> {
    let log = log.to_owned();
    let by = global.on_behalf.clone();
    // A log that cannot be written is found now.
    Recorder::at(&log, by.as_deref())?;
    Ok(Arc::new(move |new| {
        let recorder = Recorder::at(&log, by.as_deref())?;
        let release = key::signing_key(None, &recorder)?;
        Ok(release.vouch_for(new)?)
    }))
}

/// Signs records that the desk makes with the release key.
fn sign(
    args: &DeskArgs,
    global: &GlobalArgs,
    log: &std::path::Path,
    kind: Signed,
) -> redact_desk::SignExport {
    let (key, log) = (args.key.clone(), log.to_owned());
    let by = global.on_behalf.clone();
    Arc::new(move |bytes, at| {
        let recorder = Recorder::at(&log, by.as_deref())?;
        let release = key::signing_key(key.as_deref(), &recorder)?;
        Ok(release.sign_bytes(bytes, kind, at)?)
    })
}

/// Names as browsers send them: with the port, and without it where it is the scheme's own. Those
/// of `--host` come first.
fn hosts(args: &DeskArgs, port: u16) -> Vec<String> {
    let mut names: Vec<(String, u16)> = Vec::new();
    for name in &args.host {
        let (name, given) = name_and_port(name);
        names.push((name, given.unwrap_or(port)));
    }
    let ip = args.listen.ip();
    if !ip.is_unspecified() {
        names.push(match ip {
            std::net::IpAddr::V4(ip) => (ip.to_string(), port),
            std::net::IpAddr::V6(ip) => (format!("[{ip}]"), port),
        });
    }
    names.extend(["127.0.0.1", "localhost", "[::1]"].map(|name| (name.to_owned(), port)));
    let mut hosts = Vec::new();
    for (name, port) in names {
        let full = format!("{name}:{port}");
        // The first one is in the links of invitations.
        if port == 443 || port == 80 {
            hosts.push(name);
        }
        hosts.push(full);
    }
    hosts
}

/// A name of `--host`, and its port if it has one.
fn name_and_port(text: &str) -> (String, Option<u16>) {
    let parts = text.rsplit_once(':').and_then(|(name, port)| {
        // An IPv6 address has its colons in brackets.
        let is_whole = !name.contains(':') || name.ends_with(']');
        is_whole.then_some((name, port.parse().ok()?))
    });
    match parts {
        Some((name, port)) => (name.to_owned(), Some(port)),
        None => (text.to_owned(), None),
    }
}

#[cfg(test)]
mod tests {
    use clap::Parser as _;

    use super::*;
    use crate::args::{Cli, Command};

    fn names(words: &str, port: u16) -> Vec<String> {
        let cli = Cli::try_parse_from(words.split(' ')).unwrap();
        let Command::Desk(args) = &cli.command else {
            panic!("it is the desk");
        };
        hosts(args, port)
    }

    /// Goal: browsers reach the desk under its own port, and through a proxy under the proxy's; the
    /// name for links comes first. Control: a name without a port is not allowed under another one.
    #[test]
    fn a_name_may_have_the_port_of_a_proxy() {
        let direct = names("redact desk --host desk.city.gov", 7350);
        assert_eq!(direct[0], "desk.city.gov:7350");
        assert!(!direct.contains(&"desk.city.gov".to_owned()));
        assert!(direct.contains(&"localhost:7350".to_owned()));

        let proxied = names("redact desk --host desk.city.gov:443", 7350);
        assert_eq!(proxied[..2], ["desk.city.gov", "desk.city.gov:443"]);
        assert!(!proxied.contains(&"desk.city.gov:7350".to_owned()));
        assert!(proxied.contains(&"127.0.0.1:7350".to_owned()));

        assert_eq!(names("redact desk --host d.gov", 443)[0], "d.gov");
        assert_eq!(
            name_and_port("[::1]:8443"),
            ("[::1]".to_owned(), Some(8443))
        );
        assert_eq!(name_and_port("fe80::1"), ("fe80::1".to_owned(), None));
    }
}
