//! Why a chunk plan or a chunk cannot be used.

use redact_core::Digest;

/// Why a chunk plan, a chunk or the outputs of chunks cannot be used.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ChunkError {
    /// The file is of another kind or version.
    #[error("wrong format: found {found:?}; expected {expected:?}")]
    Format {
        /// What it says it is.
        found: String,
        /// What it must be.
        expected: &'static str,
    },
    /// The file is not valid JSON of its format.
    #[error("invalid {what}")]
    Syntax {
        /// Which kind of file.
        what: &'static str,
        /// Where and why.
        #[source]
        source: serde_json::Error,
    },
    /// A value is not allowed.
    #[error("invalid {field}: found {found}; expected {expected}")]
    Value {
        /// The field.
        field: String,
        /// Its value.
        found: String,
        /// What it can be.
        expected: String,
    },
    /// Another version of the program divided the work or did a chunk.
    #[error(
        "{what} was made by another version of the program: found {found:?}; expected {expected:?}"
    )]
    Program {
        /// The chunk plan, or the output of a task.
        what: String,
        /// The version that made it.
        found: String,
        /// This version.
        expected: String,
    },
    /// There is no such task.
    #[error("there is no task {task}: the chunk plan has {tasks} tasks, numbered from 0")]
    NoTask {
        /// The number that was asked for.
        task: u32,
        /// Number of tasks.
        tasks: u32,
    },
    /// The recording is not the one that was divided.
    #[error(
        "the recording is not the one of the chunk plan: found SHA-256 {found} ({found_bytes} \
         bytes); expected {expected} ({bytes} bytes)"
    )]
    OtherRecording {
        /// SHA-256 of the recording.
        found: Digest,
        /// Its bytes.
        found_bytes: u64,
        /// SHA-256 in the plan.
        expected: Digest,
        /// Bytes in the plan.
        bytes: u64,
    },
    /// The models of this machine are not those of the plan.
    #[error("the models are not those of the chunk plan: found {found}; expected {expected}")]
    OtherModels {
        /// Models of this machine.
        found: String,
        /// Models of the plan.
        expected: String,
    },
    /// The chunk plan is for another kind of work.
    #[error("wrong chunk plan: found one for a {found}; expected one for a {expected}")]
    OtherWork {
        /// What the plan divides.
        found: &'static str,
        /// What was asked for.
        expected: &'static str,
    },
    /// The folder has another chunk plan.
    #[error("the folder already has another chunk plan; choose an empty folder")]
    OtherPlan,
    /// Tasks were not done.
    #[error("{count} of {tasks} tasks are not done: {list}")]
    Missing {
        /// How many.
        count: usize,
        /// Number of tasks.
        tasks: u32,
        /// Their numbers, the first of them.
        list: String,
    },
    /// The output of a task is not what was committed.
    #[error(
        "the output of task {task} is not what was committed: found SHA-256 {found} ({found_bytes} \
         bytes); expected {expected} ({bytes} bytes)"
    )]
    ChangedOutput {
        /// The task.
        task: u32,
        /// SHA-256 of the file.
        found: Digest,
        /// Its bytes.
        found_bytes: u64,
        /// SHA-256 that was committed.
        expected: Digest,
        /// Bytes that were committed.
        bytes: u64,
    },
    /// Machines with different libraries or processor features did the tasks.
    #[error(
        "tasks {first} and {task} were done on machines that compute differently: task {task} had \
         {found}; task {first} had {expected}"
    )]
    OtherMachine {
        /// The task.
        task: u32,
        /// The task that it is compared with.
        first: u32,
        /// What the machine of `task` has and the other one does not.
        found: String,
        /// What the machine of `first` has and the other one does not.
        expected: String,
    },
    /// The output of a task does not fit the others: the recording cannot be scanned in chunks.
    #[error("the tasks do not fit together: task {task}: {what}")]
    Unfit {
        /// The task.
        task: u32,
        /// What does not fit.
        what: String,
    },
    /// A task was committed for another chunk plan.
    #[error(
        "task {task} was done for another chunk plan: found SHA-256 {found}; expected {expected}"
    )]
    OtherPlanOutput {
        /// The task.
        task: u32,
        /// SHA-256 of that plan.
        found: Digest,
        /// SHA-256 of this plan.
        expected: Digest,
    },
}

impl ChunkError {
    /// A value that is not allowed.
    pub(crate) fn value(
        field: impl Into<String>,
        found: impl ToString,
        expected: impl Into<String>,
    ) -> Self {
        Self::Value {
            field: field.into(),
            found: found.to_string(),
            expected: expected.into(),
        }
    }
}
