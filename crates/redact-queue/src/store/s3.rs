//! A store in a bucket of an S3-compatible service.

use std::path::Path;
use std::sync::Arc;

use futures_util::StreamExt as _;
use object_store::aws::{AmazonS3, AmazonS3Builder, S3ConditionalPut};
use object_store::path::Path as Location;
use object_store::{
    ClientOptions, Error, MultipartUpload, ObjectStore, ObjectStoreExt as _, PutMode, PutOptions,
    PutPayload,
};
use redact_core::Digest;
use sha2::{Digest as _, Sha256};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};

use crate::error::StoreError;
use crate::files::{OBJECTS, digest_file, io};

/// Larger objects are uploaded in parts of this length: S3 takes 10,000 parts of at least 5 MiB.
const PART_BYTES: usize = 16 << 20;

/// Where a bucket is, and who asks. The program reads these from its environment.
#[derive(Clone, Default)]
pub struct S3Options {
    /// The bucket.
    pub bucket: String,
    /// What its objects' names begin with; may be empty.
    pub prefix: String,
    /// The region, such as `us-gov-west-1`.
    pub region: Option<String>,
    /// The service's address, where it is not Amazon's.
    pub endpoint: Option<String>,
    /// The access key's name.
    pub access_key_id: Option<String>,
    /// The secret access key.
    pub secret_access_key: Option<String>,
    /// The session's token, for temporary credentials.
    pub session_token: Option<String>,
    /// Whether the endpoint may be reached without TLS.
    pub allow_http: bool,
}

impl std::fmt::Debug for S3Options {
    /// Without credentials.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("S3Options")
            .field("bucket", &self.bucket)
            .field("prefix", &self.prefix)
            .field("endpoint", &self.endpoint)
            .finish_non_exhaustive()
    }
}

/// A bucket, or a prefix of one.
#[derive(Clone, Debug)]
pub struct S3Store {
    bucket: Arc<AmazonS3>,
    prefix: Location,
    name: String,
}

impl S3Store {
    /// Prepares the connection; nothing is asked of the service yet.
    ///
    /// # Errors
    /// [`StoreError::Config`] when the options contradict each other.
    pub fn new(options: &S3Options) -> Result<Self, StoreError> {
        // One per process; where the program chose another before, that one is used.
        rustls::crypto::ring::default_provider()
            .install_default()
            .ok();
        let name = format!("s3://{}/{}", options.bucket, options.prefix);
        let config = |source: Error| StoreError::Config {
            store: name.clone(),
            source: Box::new(source),
        };
        let client = ClientOptions::new().with_allow_http(options.allow_http);
        let mut builder = AmazonS3Builder::new()
            .with_bucket_name(&options.bucket)
            .with_client_options(client)
            .with_conditional_put(S3ConditionalPut::ETagMatch);
        type Setter = fn(AmazonS3Builder, String) -> AmazonS3Builder;
        let texts: [(&Option<String>, Setter); 5] = [
            (&options.region, AmazonS3Builder::with_region),
            (&options.endpoint, AmazonS3Builder::with_endpoint),
            (&options.access_key_id, AmazonS3Builder::with_access_key_id),
            (
                &options.secret_access_key,
                AmazonS3Builder::with_secret_access_key,
            ),
            (&options.session_token, AmazonS3Builder::with_token),
        ];
        for (text, set) in texts {
            if let Some(text) = text {
                builder = set(builder, text.clone());
            }
        }
        let bucket = builder.build().map_err(config)?;
        Ok(Self {
            bucket: Arc::new(bucket),
            prefix: Location::from(options.prefix.as_str()),
            name,
        })
    }

    /// `s3://BUCKET/PREFIX`.
    #[must_use]
    pub fn name(&self) -> String {
        self.name.clone()
    }

    fn location(&self, object: Digest) -> Location {
        self.prefix.clone().join(OBJECTS).join(object.to_string())
    }

    fn error(&self, object: Digest, what: &'static str) -> impl FnOnce(Error) -> StoreError {
        let store = self.name.clone();
        move |source| match source {
            Error::NotFound { .. } => StoreError::Missing { object, store },
            source => StoreError::Remote {
                object,
                store,
                what,
                source: Box::new(source),
            },
        }
    }

    pub(super) async fn remove(&self, object: Digest) -> Result<bool, StoreError> {
        let location = self.location(object);
        match self.bucket.head(&location).await {
            Err(Error::NotFound { .. }) => return Ok(false),
            Err(error) => return Err(self.error(object, "look for it")(error)),
            Ok(_) => {}
        }
        let removed = self.bucket.delete(&location).await;
        removed.map_err(self.error(object, "remove it"))?;
        Ok(true)
    }

    pub(super) async fn put(&self, file: &Path, object: Digest) -> Result<(), StoreError> {
        let path = file.to_owned();
        let digested = tokio::task::spawn_blocking(move || digest_file(&path)).await;
        let (found, bytes) = digested
            .unwrap_or_else(|error| std::panic::resume_unwind(Box::new(error.to_string())))?;
        if found != object {
            return Err(StoreError::OtherFile {
                path: file.to_owned(),
                expected: object,
                found,
            });
        }
        // An object of another length is damaged, and is replaced; others are checked when read.
        let mode = match self.bucket.head(&self.location(object)).await {
            Ok(there) if there.size == bytes => return Ok(()),
            Ok(_) => PutMode::Overwrite,
            Err(Error::NotFound { .. }) => PutMode::Create,
            Err(error) => return Err(self.error(object, "look for it")(error)),
        };
        match usize::try_from(bytes) {
            Ok(length) if length <= PART_BYTES => self.put_small(file, object, mode).await,
            _ => self.put_in_parts(file, object).await,
        }
    }

    async fn put_small(
        &self,
        file: &Path,
        object: Digest,
        mode: PutMode,
    ) -> Result<(), StoreError> {
        let bytes = tokio::fs::read(file).await.map_err(io(file, "read it"))?;
        let options = PutOptions {
            mode,
            ..PutOptions::default()
        };
        let location = self.location(object);
        let put = self
            .bucket
            .put_opts(&location, PutPayload::from(bytes), options);
        match put.await {
            // Another worker had the same output.
            Err(Error::AlreadyExists { .. }) => Ok(()),
            other => other.map(drop).map_err(self.error(object, "upload it")),
        }
    }

    async fn put_in_parts(&self, file: &Path, object: Digest) -> Result<(), StoreError> {
        let location = self.location(object);
        let upload = self.bucket.put_multipart(&location).await;
        let mut upload = upload.map_err(self.error(object, "begin its upload"))?;
        let sent = self.send_parts(file, object, upload.as_mut()).await;
        if sent.is_err() {
            // The service forgets parts of abandoned uploads by itself, later.
            upload.abort().await.ok();
        }
        sent
    }

    async fn send_parts(
        &self,
        path: &Path,
        object: Digest,
        upload: &mut dyn MultipartUpload,
    ) -> Result<(), StoreError> {
        let mut file = tokio::fs::File::open(path)
            .await
            .map_err(io(path, "open it"))?;
        loop {
            let mut part = Vec::with_capacity(PART_BYTES);
            let mut limited = (&mut file).take(PART_BYTES as u64);
            let read = limited.read_to_end(&mut part).await;
            if read.map_err(io(path, "read it"))? == 0 {
                break;
            }
            let sent = upload.put_part(PutPayload::from(part)).await;
            sent.map_err(self.error(object, "upload it"))?;
        }
        let done = upload.complete().await;
        done.map(drop)
            .map_err(self.error(object, "complete its upload"))
    }

    pub(super) async fn get(&self, object: Digest, path: &Path) -> Result<(), StoreError> {
        let got = self.bucket.get(&self.location(object)).await;
        let mut stream = got
            .map_err(self.error(object, "download it"))?
            .into_stream();
        let file = tokio::fs::File::create_new(path).await;
        let mut file = file.map_err(io(path, "make it"))?;
        let mut hash = Sha256::new();
        let mut bytes = 0;
        while let Some(part) = stream.next().await {
            let part = part.map_err(self.error(object, "download it"))?;
            hash.update(&part);
            bytes += part.len() as u64;
            file.write_all(&part).await.map_err(io(path, "write it"))?;
        }
        file.sync_all()
            .await
            .map_err(io(path, "write it to disk"))?;
        let found = Digest(hash.finalize().into());
        if found != object {
            return Err(StoreError::Damaged {
                object,
                store: self.name(),
                bytes,
                found,
            });
        }
        Ok(())
    }
}
