//! Verbs in a program that was built without the queue: this machine does all work.

use std::convert::Infallible;
use std::marker::PhantomData;
use std::path::Path;

use anyhow::Result;
use redact_core::{ApprovedPlan, Findings};
use redact_jail::JailLevel;
use redact_release::options::EncodingOptions;
use redact_release::ports::Ports;
use redact_release::scan::ScanRequest;

use crate::args::{GlobalArgs, OnQueueArgs};
use crate::features::WithoutQueue;
use crate::segments::Encoded;

pub(crate) use self::NoQueue as OnQueue;

/// Never made.
pub(crate) struct NoQueue<'a> {
    never: Infallible,
    arguments: PhantomData<&'a GlobalArgs>,
}

impl<'a> NoQueue<'a> {
    /// None.
    ///
    /// # Errors
    /// When a queue was given.
    pub(crate) fn new(args: &OnQueueArgs, _: &'a GlobalArgs) -> Result<Option<Self>> {
        match args.place() {
            Some(_) => Err(WithoutQueue.into()),
            None => Ok(None),
        }
    }

    pub(crate) fn scan(&self, _: &ScanRequest<'_>, _: &Ports<'_>) -> Result<(Findings, JailLevel)> {
        match self.never {}
    }

    pub(crate) fn segments(
        &self,
        _: &Path,
        _: &ApprovedPlan,
        _: (&EncodingOptions, Option<&Path>),
        _: &Ports<'_>,
    ) -> Result<Encoded> {
        match self.never {}
    }
}
