//! The queue and the store of this command, and the pool that this machine belongs to.

use std::future::Future;
use std::path::Path;

use anyhow::{Context as _, Result, bail};
use redact_queue::{Access, Database, FolderStore, PoolKey, S3Store, Store, digest_bytes};
use redact_release::chunks::{Machine, PROGRAM};
use redact_release::installed::installed_models;

use crate::args::{QueueAddressArgs, QueuePlaceArgs};
use crate::{host, paths, progress};

/// Runs what waits for the network, on threads of its own.
///
/// # Errors
/// When the system gives no threads.
pub(crate) fn block_on<T>(work: impl Future<Output = T>) -> Result<T> {
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .build()
        .context("cannot start threads")?;
    Ok(runtime.block_on(work))
}

/// Done when a person or the system asks this process to stop.
pub(crate) async fn interrupted() {
    while !progress::interrupted() {
        tokio::time::sleep(std::time::Duration::from_millis(100)).await;
    }
}

/// How the connection must be protected.
pub(crate) fn access(args: &QueueAddressArgs) -> Access {
    match args.allow_plain_database {
        true => Access::AllowPlain,
        false => Access::Protected,
    }
}

/// Connects to the queue.
///
/// # Errors
/// When none is named, or it cannot be used.
pub(crate) async fn database(args: &QueueAddressArgs, connections: u32) -> Result<Database> {
    let address = paths::queue_address(args.queue.as_deref())?;
    Ok(Database::connect(&address, access(args), connections).await?)
}

/// Opens the store.
///
/// # Errors
/// When none is named, or it cannot be used.
pub(crate) fn store(args: &QueuePlaceArgs) -> Result<Store> {
    let given = paths::queue_store(args.store.as_deref())?;
    if let Some(place) = given.strip_prefix("s3://") {
        let (bucket, prefix) = place.split_once('/').unwrap_or((place, ""));
        if bucket.is_empty() {
            bail!("invalid store {given:?}: it names no bucket; expected s3://BUCKET/PREFIX");
        }
        let options = paths::bucket_options(bucket, prefix);
        return Ok(Store::S3(S3Store::new(&options)?));
    }
    if given.contains("://") {
        bail!("invalid store {given:?}: expected a folder or s3://BUCKET/PREFIX");
    }
    let writer = format!("{}-{}", host::machine(), std::process::id());
    let folder = std::path::absolute(&given).context("no working folder")?;
    Ok(Store::Folder(FolderStore::open(&folder, &writer)?))
}

/// The pool that this machine belongs to: what the bytes of a chunk depend on.
///
/// # Errors
/// When the models cannot be listed, or the library that runs them cannot be read.
pub(crate) fn own_pool(models: Option<&Path>) -> Result<PoolKey> {
    let models = installed_models(&paths::models_dir(models)?)?;
    let machine = Machine::this(paths::onnx_runtime().as_deref())?;
    Ok(PoolKey {
        version: format!("{PROGRAM} with {}", machine.libraries.join(", ")),
        models: digest_bytes(models.join("\n").as_bytes()).to_string(),
        cpu: machine.processor.join(" "),
    })
}
