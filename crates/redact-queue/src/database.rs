//! The connection to PostgreSQL: how it is protected, and what happens when it is down.

use std::future::Future;
use std::str::FromStr as _;
use std::time::Duration;

use sqlx::postgres::{PgConnectOptions, PgPoolOptions, PgSslMode};
use sqlx::{ConnectOptions as _, PgPool};

use crate::error::QueueError;

/// How long the first connection is tried.
const FIRST_WITHIN: Duration = Duration::from_secs(30);
/// The pause after the first failed call; it doubles up to [`PAUSE_MAX`].
const PAUSE_MIN: Duration = Duration::from_millis(100);
const PAUSE_MAX: Duration = Duration::from_secs(5);

/// Whether a connection over the network may be unprotected.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Access {
    /// TLS with the host's name verified, unless the database is on this machine.
    Protected,
    /// Whatever the address says.
    AllowPlain,
}

/// The queue's database, with the schema that this program knows.
#[derive(Clone, Debug)]
pub struct Database {
    pool: PgPool,
    place: String,
}

impl Database {
    /// Connects, whatever schema is there.
    ///
    /// # Errors
    /// [`QueueError::BadAddress`], [`QueueError::Unprotected`], [`QueueError::Database`].
    pub(crate) async fn open(
        address: &str,
        access: Access,
        connections: u32,
    ) -> Result<Self, QueueError> {
        let options = parse(address)?;
        check_protection(&options, access)?;
        let place = place(&options);
        let options = options
            .application_name("redact")
            .disable_statement_logging();
        let pool = PgPoolOptions::new()
            .max_connections(connections)
            .acquire_timeout(Duration::from_secs(10))
            // Every call is repeated anyway when its connection turns out to be dead.
            .test_before_acquire(false)
            .connect_lazy_with(options);
        let database = Self { pool, place };
        let first = database.retry(
            "connect",
            || false,
            || async {
                database
                    .pool
                    .acquire()
                    .await
                    .map(drop)
                    .map_err(CallError::from)
            },
        );
        match tokio::time::timeout(FIRST_WITHIN, first).await {
            Ok(connected) => connected?,
            // The reason, from one more try.
            Err(_) => database
                .pool
                .acquire()
                .await
                .map(drop)
                .map_err(|error| CallError::from(error).into_error(&database, "connect"))?,
        }
        Ok(database)
    }

    /// Host and database, without user and password.
    #[must_use]
    pub fn place(&self) -> &str {
        &self.place
    }

    pub(crate) fn pool(&self) -> &PgPool {
        &self.pool
    }

    /// Calls until the database answers, with growing pauses, however long it is down, unless
    /// `give_up` returns true between two tries. The call must be idempotent: it may be repeated
    /// after it succeeded, if the answer was lost.
    pub(crate) async fn retry<T, F>(
        &self,
        what: &'static str,
        give_up: impl Fn() -> bool,
        call: impl Fn() -> F,
    ) -> Result<T, QueueError>
    where
        F: Future<Output = Result<T, CallError>>,
    {
        let mut pause = PAUSE_MIN;
        let mut is_away = false;
        loop {
            let error = match call().await {
                Ok(value) => {
                    if is_away {
                        tracing::warn!("the queue at {} is back", self.place);
                    }
                    return Ok(value);
                }
                Err(error) => error,
            };
            if !error.is_transient() {
                return Err(error.into_error(self, what));
            }
            if give_up() {
                return Err(QueueError::Interrupted);
            }
            if !is_away {
                is_away = true;
                tracing::warn!("cannot {what}: {error}; trying again until the queue is back");
            }
            tokio::time::sleep(pause).await;
            pause = (pause * 2).min(PAUSE_MAX);
        }
    }

    /// Calls once.
    pub(crate) async fn once<T>(
        &self,
        what: &'static str,
        call: impl Future<Output = Result<T, CallError>>,
    ) -> Result<T, QueueError> {
        call.await.map_err(|error| error.into_error(self, what))
    }
}

/// An error of one call, before it is known whether to call again.
#[derive(Debug, thiserror::Error)]
pub(crate) enum CallError {
    #[error(transparent)]
    Sql(#[from] sqlx::Error),
    #[error(transparent)]
    Engine(#[from] apalis_postgres::Error),
}

impl CallError {
    fn sql(&self) -> Option<&sqlx::Error> {
        match self {
            Self::Sql(error) | Self::Engine(apalis_postgres::Error::Database(error)) => Some(error),
            Self::Engine(_) => None,
        }
    }

    /// Whether the same call may succeed later: the database is down or busy.
    pub(crate) fn is_transient(&self) -> bool {
        match self.sql() {
            // A certificate that is not trusted stays so.
            Some(sqlx::Error::Io(error)) => error.kind() != std::io::ErrorKind::InvalidData,
            Some(sqlx::Error::PoolTimedOut | sqlx::Error::WorkerCrashed) => true,
            Some(sqlx::Error::Database(error)) => error.code().is_some_and(|code| {
                // Connections, resources, shutdown and recovery, a standby, deadlocks.
                let classes = ["08", "53", "57P", "25006", "40"];
                classes.iter().any(|class| code.starts_with(class))
            }),
            _ => false,
        }
    }

    pub(crate) fn into_error(self, database: &Database, what: &'static str) -> QueueError {
        let place = database.place.clone();
        match self {
            Self::Sql(error) | Self::Engine(apalis_postgres::Error::Database(error)) => {
                QueueError::Database {
                    place,
                    what,
                    error: Box::new(error),
                }
            }
            Self::Engine(error) => QueueError::Engine {
                place,
                what,
                error: Box::new(error),
            },
        }
    }
}

fn parse(address: &str) -> Result<PgConnectOptions, QueueError> {
    if !address.starts_with("postgres://") && !address.starts_with("postgresql://") {
        return Err(QueueError::BadAddress(
            "it is no postgres:// address".to_owned(),
        ));
    }
    PgConnectOptions::from_str(address).map_err(|error| {
        let why = match error {
            sqlx::Error::Configuration(why) => why.to_string(),
            other => other.to_string(),
        };
        QueueError::BadAddress(why)
    })
}

fn check_protection(options: &PgConnectOptions, access: Access) -> Result<(), QueueError> {
    let host = options.get_host();
    let is_here = options.get_socket().is_some()
        || host.starts_with('/')
        || host == "localhost"
        || host
            .trim_matches(['[', ']'])
            .parse::<std::net::IpAddr>()
            .is_ok_and(|address| address.is_loopback());
    let is_verified = matches!(options.get_ssl_mode(), PgSslMode::VerifyFull);
    if is_here || is_verified || access == Access::AllowPlain {
        return Ok(());
    }
    let found = match options.get_ssl_mode() {
        PgSslMode::Disable => "disable",
        PgSslMode::Allow => "allow",
        PgSslMode::Prefer => "prefer, the default",
        PgSslMode::Require => "require",
        PgSslMode::VerifyCa => "verify-ca",
        PgSslMode::VerifyFull => "verify-full",
    };
    Err(QueueError::Unprotected {
        host: host.to_owned(),
        found: found.to_owned(),
    })
}

fn place(options: &PgConnectOptions) -> String {
    let database = options
        .get_database()
        .unwrap_or_else(|| options.get_username());
    match options.get_socket() {
        Some(socket) => format!("{}/{database}", socket.display()),
        None => format!("{}:{}/{database}", options.get_host(), options.get_port()),
    }
}

#[cfg(test)]
mod tests {
    use super::{Access, check_protection, parse, place};

    fn check(address: &str, access: Access) -> Result<(), String> {
        let options = parse(address).map_err(|error| error.to_string())?;
        check_protection(&options, access).map_err(|error| error.to_string())
    }

    /// Goal: case data never cross a network in the clear by accident. Controls: this machine's own
    /// database, a verified one, and what was explicitly allowed.
    #[test]
    fn an_unprotected_connection_over_the_network_is_refused() {
        for plain in [
            "postgres://u@db.example.org/q",
            "postgres://u@db.example.org/q?sslmode=require",
            "postgres://u@192.0.2.7/q?sslmode=verify-ca",
            "postgres://u@127.0.0.1.example.org/q?sslmode=disable",
        ] {
            let refused = check(plain, Access::Protected).unwrap_err();
            assert!(refused.contains("verify-full"), "{refused}");
            assert_eq!(check(plain, Access::AllowPlain), Ok(()));
        }
        for fine in [
            "postgres://u@db.example.org/q?sslmode=verify-full",
            "postgres://u@127.0.0.1:5433/q",
            "postgres://u@[::1]/q",
            "postgres://u@localhost/q",
            "postgres:///q?host=/run/postgresql",
        ] {
            assert_eq!(check(fine, Access::Protected), Ok(()), "{fine}");
        }
    }

    /// Goal: a password is in no message.
    #[test]
    fn messages_have_no_password() {
        let secret = "postgres://u:hunter2@127.0.0.1:77777/q";
        for refused in [
            check(secret, Access::Protected).unwrap_err(),
            check("mysql://u:hunter2@h/q", Access::Protected).unwrap_err(),
            check("postgres://u:hunter2@h/q?sslmode=hunter", Access::Protected).unwrap_err(),
            check("postgres://u:hunter2@h/q", Access::Protected).unwrap_err(),
        ] {
            assert!(!refused.contains("hunter2"), "{refused}");
        }
        let options = parse("postgres://u:hunter2@h:5433/q").unwrap();
        assert_eq!(place(&options), "h:5433/q");
    }
}
