//! Tests of the files as a whole; small parts are tested beside their code.

mod captions;
mod coverage;
mod files;
mod manifests;
mod policies;
mod shapes;
mod signatures;
mod spoken;
mod tampering;
mod trusted_files;
