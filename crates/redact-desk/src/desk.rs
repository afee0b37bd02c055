//! The desk: opened on a data folder, serving, closed.

use std::path::{Path, PathBuf};

use crate::db::{invites, pool, users};
use crate::domain::holidays::{AgencyDays, Holidays};
use crate::domain::law::LawSets;
use crate::domain::policy::Policies;
use crate::domain::statutes::Statutes;
use crate::domain::zone::Zone;
use crate::error::DeskError;
use crate::http::routes;
use crate::id::Token;
use crate::paths::Folders;
use crate::private;
use crate::service::accounts::LINK_LASTS;
use crate::service::app::{App, Opened, Options, Shared};
use crate::service::mailer::Mailer;
use crate::service::provider::Provider;
use crate::service::secrets::Secrets;
use crate::service::settings::{SavedSettings, Setting};
use crate::service::views::{self, Sessions};
use crate::service::{
    disposing, mail, package_state, policies as stored, policy_versions, refusals, runner, signing,
};

/// An open desk.
#[derive(Clone)]
pub struct Desk {
    pub(crate) app: App,
}

impl Desk {
    /// Opens or creates the data folder, and resumes unfinished jobs.
    ///
    /// # Errors
    /// See [`DeskError`].
    pub async fn open(options: Options) -> Result<Self, DeskError> {
        let folders = Folders::make(&options.folder)?;
        let taken = take(&folders)?;
        let db = pool::open(folders.root()).await?;
        let secrets = Secrets::open_folder(folders.root(), &db).await?;
        let policies = Policies::read(&options.policies)?;
        policy_versions::apply(&db, &policies).await?;
        stored::store(&db, &policies).await?;
        let law_sets = LawSets::read(&beside(&options.policies, "reasons"))?;
        let law_holidays = Holidays::read(&folders.root().join("holidays"))?;
        let saved = SavedSettings::load(&db).await?;
        let zone = Zone::open(saved.effective(&options, Setting::TimeZone))?;
        // Worked examples are about the law's own calendar.
        let statutes = Statutes::read(&folders.root().join("laws"), &law_holidays)?;
        let agency_days = AgencyDays::read(saved.get(Setting::Holidays)).unwrap_or_default();
        statutes.check(options.law.as_deref())?;
        let provider = provider(&options)?;
        let mailer = mailer(&options)?;
        let app = Shared::new(Opened {
            db,
            folders,
            policies,
            law_sets,
            law_holidays,
            agency_days,
            statutes,
            zone,
            secrets,
            provider,
            mailer,
            options,
            taken,
        });
        // Views left by a crash.
        let settled = views::log_finished(&app, Sessions::All).await;
        settled.map_err(|_| DeskError::EventLog)?;
        signing::upgrade(&app).await?;
        package_state::recover(&app).await?;
        runner::resume(&app).await?;
        let resumed = disposing::resume(&app).await;
        resumed.map_err(|_| DeskError::Disposals)?;
        Ok(Self { app })
    }

    /// The token of the link that creates the first administrator; `None` if there is one.
    ///
    /// Every start makes a new token and invalidates earlier ones.
    ///
    /// # Errors
    /// [`DeskError::Database`].
    pub async fn setup_token(&self) -> Result<Option<String>, DeskError> {
        let app = &self.app;
        if !users::needs_setup(&app.db).await? {
            return Ok(None);
        }
        let token = Token::random();
        let ends = app.now() + LINK_LASTS;
        invites::insert_first(&app.db, &token.stored, ends).await?;
        Ok(Some(token.text))
    }

    /// The service that answers requests.
    pub fn router(&self) -> axum::Router {
        routes::router(&self.app)
    }

    /// Queues mail about what is new, and sends what is due. A desk that serves does this by
    /// itself.
    pub async fn send_mail(&self) {
        let app = &self.app;
        for done in [mail::collect(app).await, mail::deliver(app).await] {
            if let Err(error) = done {
                tracing::error!("desk: mail: {error:?}");
            }
        }
    }

    /// Stops running jobs and waits for them.
    pub async fn close(&self) {
        self.app.runner.close().await;
        let (app, all) = (&self.app, true);
        for written in [
            refusals::flush(app, all).await,
            views::log_finished(app, Sessions::All).await,
        ] {
            if let Err(error) = written {
                tracing::error!("desk: the event log: {error:?}");
            }
        }
        self.app.db.close().await;
    }
}

/// The identity provider, if one is configured.
fn provider(options: &Options) -> Result<Option<Provider>, DeskError> {
    let config = options.provider.clone();
    config
        .map(|config| Provider::new(config, &options.hosts, options.tls))
        .transpose()
}

/// The mail server, if one is configured.
fn mailer(options: &Options) -> Result<Option<Mailer>, DeskError> {
    let host = options.hosts.first().map_or("", String::as_str);
    let config = options.mail.as_ref();
    config
        .map(|config| Mailer::new(config, host, options.tls))
        .transpose()
}

/// The folder `name` beside `folder`, also where that is a link.
fn beside(folder: &Path, name: &str) -> PathBuf {
    let real = std::fs::canonicalize(folder).unwrap_or_else(|_| folder.to_owned());
    real.parent().unwrap_or(&real).join(name)
}

/// Ensures that only one process serves from a folder.
fn take(folders: &Folders) -> Result<std::fs::File, DeskError> {
    let path = folders.root().join("desk.lock");
    let failed = |source| DeskError::Folder {
        path: path.clone(),
        source,
    };
    let file = private::file(&path)?;
    match file.try_lock() {
        Ok(()) => Ok(file),
        Err(std::fs::TryLockError::WouldBlock) => Err(DeskError::Taken {
            path: folders.root().to_owned(),
        }),
        Err(std::fs::TryLockError::Error(source)) => Err(failed(source)),
    }
}
