//! Work that is shared among machines.
