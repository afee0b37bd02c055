//! The protocol of identity providers, in a program that was built without it.

use crate::api_error::ApiResult;
use crate::domain::provider_claims::ProviderClaims;
use crate::error::DeskError;
use crate::sign_on::ProviderConfig;
use crate::time::Millis;

pub(super) use self::{NoProtocol as Protocol, NoWaiting as Waiting};

/// Never made.
pub(super) enum NoProtocol {}

/// Never made.
pub(super) enum NoWaiting {}

impl NoProtocol {
    pub(super) fn new(_: &ProviderConfig, _: String) -> Result<Self, DeskError> {
        Err(DeskError::NoSingleSignOn)
    }

    pub(super) async fn begin(&self, _: Millis) -> ApiResult<(String, String, Waiting)> {
        match *self {}
    }

    pub(super) async fn finish(&self, _: Waiting, _: &str, _: Millis) -> ApiResult<ProviderClaims> {
        match *self {}
    }
}
